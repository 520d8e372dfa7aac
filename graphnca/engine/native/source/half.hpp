// The update network with products in bfloat16: what is multiplied is rounded to it, sums are float32.
//
// The processor multiplies two pairs of numbers and adds both products to a float32. So what a product sums over lies
// in pairs: channels of one cell for the layers, one channel of two cells for the weights' gradients.
#pragma once

#if defined(__AVX512BF16__) && defined(__AVX512BW__)
#define HALF_PRODUCTS  // there are some

#include <immintrin.h>

#include <cstring>
#include <memory>

#include "network.hpp"
#include "product.hpp"

using Pair = uint32_t;  // of numbers in bfloat16, the first in the lower half

// Pairs times pairs.
struct Pairs {
    using Element = Pair;
    using Sum = float;
    static Lanes<float>::vector add(Lanes<float>::vector sum, Pair left, Lanes<Pair>::vector right) {
        return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(left), (__m512bh)right);
    }
};

// To the nearest, ties to even.
static inline Pair in_half(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) return (bits >> 16) | 0x40;  // a NaN stays one
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// Two vectors one after the other, and the same in pairs of one number of each.
static inline __m512i in_half(__m512 first, __m512 second) { return (__m512i)_mm512_cvtne2ps_pbh(second, first); }
static inline __m512i paired(__m512i both) {
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                           21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, both);
}
static inline void store_half(uint16_t* to, __m512 value) {
    _mm256_storeu_si256((__m256i*)to, (__m256i)_mm512_cvtneps_pbh(value));
}

static inline __m512 load_half(const uint16_t* from) {
    return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)from)), 16);
}

// A matrix (rows, columns) with pairs of rows side by side.
static inline Vector<Pair> row_pairs(const Vector<float>& from, int rows, int columns) {
    Vector<Pair> to((rows + 1) / 2 * columns);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) to[r / 2 * columns + c] |= in_half(from[r * columns + c]) << 16 * (r % 2);
    return to;
}

// The parameters as the products read them, one for all threads.
struct HalfNetwork {
    const Vector<Pair> w1, w1_transposed, w2, w2_transposed;
    Vector<uint16_t> w2_rows;

    explicit HalfNetwork(const Network<float>& net)
        : w1(row_pairs(net.w1, net.hidden_row, net.perceived_row)),
          w1_transposed(row_pairs(net.w1_transposed, net.perceived_row, net.hidden_row)),
          w2(row_pairs(net.w2, net.channels_row, net.hidden_row)),
          w2_transposed(row_pairs(net.w2_transposed, net.hidden_row, net.channels_row)) {
        for (float weight : net.w2) w2_rows.push_back(in_half(weight));
    }
};

// Rows of a block in bfloat16: as they are, and in pairs of rows.
class HalfRows {
    const int columns;
    Vector<uint16_t> rows;
    Vector<Pair> pairs;

  public:
    explicit HalfRows(int columns) : columns(columns), rows(BLOCK * columns) {}
    void make_room_for_pairs() { pairs.resize(BLOCK / 2 * columns); }

    uint16_t* row(int m) { return rows.data() + m * columns; }
    Pair* pair(int m) { return pairs.data() + m / 2 * columns; }

    // As the left side of a product over their columns, and of one over the rows themselves; as the right side of one.
    Matrix<const Pair> over_columns() const { return {reinterpret_cast<const Pair*>(rows.data()), columns / 2}; }
    Matrix<const Pair> over_rows() const { return {pairs.data(), 1, columns}; }
    Matrix<const Pair> paired_rows() const { return {pairs.data(), columns}; }

    void take(int count, const float* from, long row_of_from) {
        for (int m = 0; m < count; m++)
            for (int c = 0; c < columns; c += 16) store_half(row(m) + c, _mm512_loadu_ps(from + m * row_of_from + c));
    }

    // And in pairs; an odd row is beside zeros.
    void take_pairs(int count, const float* from, long row_of_from) {
        for (int m = 0; m < count; m += 2)
            for (int c = 0; c < columns; c += 16) {
                const float* first = from + m * row_of_from + c;
                store(m, c, _mm512_loadu_ps(first),
                      m + 1 < count ? _mm512_loadu_ps(first + row_of_from) : _mm512_setzero_ps());
            }
    }

    void store(int m, int c, __m512 first, __m512 second) {
        const __m512i both = in_half(first, second);
        _mm256_storeu_si256((__m256i*)(row(m) + c), _mm512_castsi512_si256(both));
        _mm256_storeu_si256((__m256i*)(row(m + 1) + c), _mm512_extracti64x4_epi64(both, 1));
        _mm512_storeu_si512(pair(m) + c, paired(both));
    }
};

class HalfWorkspace : public Workspace<float> {
    const std::shared_ptr<const HalfNetwork> half;
    HalfRows perceived_rows, layer, grad_rows, grad_layer;

    using Tile = Lanes<float>::vector;
    using Begin = From<float>;

    // The hidden layer in the forward pass: rows.
    struct Activate {
        static constexpr bool in_pairs = false;
        HalfRows& to;
        template <int rows, int vectors>
        void operator()(int m, int n, Tile (&sum)[rows][vectors]) const {
            for (int i = 0; i < rows; i++) {
                uint16_t* row = to.row(m + i) + n;
                int j = 0;
                for (; j + 2 <= vectors; j += 2)
                    _mm512_storeu_si512(row + j * 16, in_half((__m512)positive(sum[i][j]), (__m512)positive(sum[i][j + 1])));
                if (j < vectors) store_half(row + j * 16, (__m512)positive(sum[i][j]));
            }
        }
    };

    // And in the backward pass: pairs of rows.
    struct ActivatePairs {
        static constexpr bool in_pairs = true;
        HalfRows& to;
        template <int rows, int vectors>
        void operator()(int m, int n, Tile (&sum)[rows][vectors]) const {
            for (int i = 0; i < rows; i += 2)
                for (int j = 0; j < vectors; j++)
                    _mm512_storeu_si512(to.pair(m + i) + n + j * 16, paired(in_half((__m512)positive(sum[i][j]),
                                                                                    (__m512)positive(sum[i + 1][j]))));
        }
    };

    // The hidden layer's gradient: both, zero where a neuron was.
    struct Gate {
        static constexpr bool in_pairs = true;
        HalfRows &to, &layer;
        template <int rows, int vectors>
        void operator()(int m, int n, Tile (&sum)[rows][vectors]) const {
            for (int i = 0; i < rows; i += 2)
                for (int j = 0; j < vectors; j++) {
                    const __m512i neurons = _mm512_loadu_si512(layer.pair(m + i) + n + j * 16);
                    const __mmask16 first = _mm512_test_epi32_mask(neurons, _mm512_set1_epi32(0xffff)),
                                    second = _mm512_test_epi32_mask(neurons, _mm512_set1_epi32(~0xffff));
                    to.store(m + i, n + j * 16, _mm512_maskz_mov_ps(first, (__m512)sum[i][j]),
                             _mm512_maskz_mov_ps(second, (__m512)sum[i + 1][j]));
                }
        }
    };

    template <class Finish>
    void activate(int count, const Finish& finish) {
        product<Pairs>(count, net.perceived_row / 2, net.hidden_row, perceived_rows.over_columns(),
                       {half->w1_transposed.data(), net.hidden_row}, Begin{net.b1.data(), 0}, finish);
    }

    void activate(int count) {
        perceived_rows.take(count, rows.data(), row());
        activate(count, Activate{layer});
    }

    // Adds the sum of some rows: a product with ones.
    static void add_up(int pairs, int columns, const HalfRows& rows, float* to) {
        static const Pair one = in_half(1.0f) << 16 | in_half(1.0f);
        product<Pairs>(1, pairs, columns, {&one, 0, 0}, rows.paired_rows(), Begin{to, 0}, keep(to, 0));
    }

  public:
    HalfWorkspace(const Network<float>& net, std::shared_ptr<const HalfNetwork> half)
        : Workspace<float>(net),
          half(half),
          perceived_rows(net.perceived_row),
          layer(net.hidden_row),
          grad_rows(net.channels_row),
          grad_layer(net.hidden_row) {}

    void start_gradients() override {
        Workspace<float>::start_gradients();
        for (HalfRows* both : {&perceived_rows, &layer, &grad_rows, &grad_layer}) both->make_room_for_pairs();
    }

    void forward(int count, float* change) override {
        activate(count);
        product<Pairs>(count, net.hidden_row / 2, net.channels_row, layer.over_columns(),
                       {half->w2_transposed.data(), net.channels_row}, Begin{net.b2.data(), 0},
                       keep(change, net.channels_row));
    }

    void forward_channel(int count, int channel, float* change) override {
        activate(count);
        for (int m = 0; m < count; m++) {
            __m512 sum = _mm512_setzero_ps();
            for (int h = 0; h < net.hidden_row; h += 16)
                sum += load_half(layer.row(m) + h) * load_half(half->w2_rows.data() + channel * net.hidden_row + h);
            change[m] = _mm512_reduce_add_ps(sum) + net.b2[channel];
        }
    }

    void backward(int count, const float* grad) override {
        const int even = (count + 1) / 2 * 2, pairs = even / 2;  // an odd row is beside zeros
        perceived_rows.take_pairs(count, rows.data(), row());
        grad_rows.take_pairs(count, grad, net.channels_row);
        activate(even, ActivatePairs{layer});
        const FromZero<float> zero;
        product<Pairs>(even, net.channels_row / 2, net.hidden_row, grad_rows.over_columns(),
                       {half->w2.data(), net.hidden_row}, zero, Gate{grad_layer, layer});
        float *w1 = grad_w1.data(), *w2 = grad_w2_transposed.data();
        product<Pairs>(net.hidden_row, pairs, net.channels_row, layer.over_rows(), grad_rows.paired_rows(),
                       Begin{w2, net.channels_row}, keep(w2, net.channels_row));
        product<Pairs>(net.hidden_row, pairs, net.perceived_row, grad_layer.over_rows(), perceived_rows.paired_rows(),
                       Begin{w1, net.perceived_row}, keep(w1, net.perceived_row));
        add_up(pairs, net.hidden_row, grad_layer, grad_b1.data());
        add_up(pairs, net.channels_row, grad_rows, grad_b2.data());
        product<Pairs>(count, net.hidden_row / 2, net.perceived_row, grad_layer.over_columns(),
                       {half->w1.data(), net.perceived_row}, zero, keep(grad_perceived.data(), net.perceived_row));
    }
};
#endif
