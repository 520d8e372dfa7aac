// What the library is given, filled in by graphnca/engine/native/problem.py: the two must agree field by field.
#pragma once

#include <cstdint>

enum LifeMask : int32_t { NONE, PRE, POST, PRE_POST };

enum Part : int32_t { NORM, ALONG, ACROSS };  // of the vector of two operators; along and across the guide

// One band of the perceived vector: gain times what an operator makes of the states, or a part of the vector of two.
struct Band {
    int32_t first;   // which operator; OWN: the cell's own state
    int32_t second;  // ONE, or the other operator of a vector
    double gain;
    Part part;
};
constexpr int32_t OWN = -1, ONE = -1;

// Rows of a sparse matrix, padded to `width`; the first `counts[n]` entries of row n are meant.
struct Table {
    const int32_t* index;
    const int32_t* counts;
    const void* weights[3];
    int64_t width;
};

struct Problem {
    Table forward, backward;          // the perception's operators, and their transpose
    Table reach, heard;               // a cell and those that it keeps alive, and that keep it alive
    const uint32_t* fire_thresholds;  // one a row, or null
    uint32_t fire_threshold;
    int32_t fire_per_channel;
    int32_t num_cells, batch, channels, hidden;
    int32_t num_bands, num_operators;
    const Band* bands;
    double norm_floor;
    double full_slope;  // size of a guide from which on it steers fully
    LifeMask life_mask;
    int32_t alpha;
    double alive_threshold;
    double overflow_bound;  // negative: neither overflow nor change is measured
    int32_t num_threads;
    const int32_t* kept;  // how many channels of a row keep their values, the first ones; or null: none of any
    int32_t quantised;    // in 8 bits: states and parameters come in levels, and whatever is computed is rounded
    double hidden_scale, output_scale;  // then, the factors of the two layers' sums
    int32_t half_products;  // the network's products are of numbers in bfloat16
    int num_rows() const { return num_cells * batch; }
};

// The update network as PyTorch holds it: (hidden, perceived), (hidden,), (channels, hidden), (channels,).
struct Parameters {
    const void *w1, *b1, *w2, *b2;  // biases may be null
};

struct Gradients {
    void *w1, *b1, *w2, *b2;
};
