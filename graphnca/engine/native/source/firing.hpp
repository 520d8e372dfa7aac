// Which cells fire: the hash of graphnca/layers/firing.py, bit for bit.
#pragma once

#include <cstdint>

static inline uint32_t mixed(uint32_t bits) {
    bits = (bits ^ (bits >> 16)) * 0x7feb352du;
    bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
    return bits ^ (bits >> 16);
}

// Fires where this is below the threshold, round(rate * 2^31).
static inline uint32_t draw(uint32_t key, uint32_t index) { return mixed(mixed(index) ^ key) & 0x7fffffffu; }
