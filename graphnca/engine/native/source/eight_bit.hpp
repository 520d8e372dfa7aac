// Steps in 8 bits: the ranges and the rounding of graphnca/layers/arithmetic/eight_bit.py, in levels.
#pragma once

#include <cmath>

constexpr int LEAST = -127, MOST = 128;  // of states, perceived values and changes
constexpr int MOST_HIDDEN = 255;

// A NaN stays one.
template <class real>
static inline real clipped(real value, real low, real high) {
    return value < low ? low : value > high ? high : value;
}

// Each value becomes the nearest whole number (ties to even) to scale times itself, clipped to the range.
// `passes`, unless null, gets 1 where a gradient passes: where nothing was clipped, by the ReLU neither,
// which comes before a range that begins at 0.
template <class real>
static inline void round_row(real* values, int count, real scale, int least, int most, real* passes) {
    const real low = least, high = most;
    if (passes)
        for (int i = 0; i < count; i++) {
            const real whole = std::rint(values[i] * scale);
            passes[i] = whole >= low && whole <= high && (least < 0 || values[i] > 0);
        }
    for (int i = 0; i < count; i++) values[i] = clipped(std::rint(values[i] * scale), low, high);
}
