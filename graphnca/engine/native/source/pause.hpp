// When work stops for a moment, so that a program hears what its user wants of it.
#pragma once

#include <chrono>

using Time = std::chrono::steady_clock::time_point;

static inline Time in_seconds(double seconds) {
    return std::chrono::steady_clock::now() + std::chrono::microseconds(long(seconds * 1e6));
}

static inline bool is_over(Time stop) { return std::chrono::steady_clock::now() >= stop; }
