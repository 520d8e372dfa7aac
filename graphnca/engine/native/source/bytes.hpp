// The update network in 8 bits, forward, through the processor's sums of four products of bytes (AVX512-VNNI).
//
// One factor of such a product is 0..255, the other -128..127. Perceived values, -127..128, are counted from -127 on;
// weights reach 128, so it is -w that is multiplied. The sums are whole numbers in 32 bits: what the float path finds,
// whose sums are exact, to the bit.
#pragma once

#include "eight_bit.hpp"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#define BYTE_PRODUCTS  // there are some
#include <immintrin.h>

#include <memory>

using Four = uint32_t;  // bytes

struct Bytes {
    using Element = Four;
    using Sum = int32_t;
    using V = Lanes<int32_t>::vector;
    static V add(V sum, Four left, Lanes<Four>::vector right) {
        return (V)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32(left), (__m512i)right);
    }
};

// The parameters as the products read them, one for all threads.
struct ByteNetwork {
    const Vector<Four> w1, w2;        // negative, in fours of rows of the transposed matrices
    Vector<int32_t> offset;           // of the first layer's sums: 127 times the weights
    std::vector<int32_t> w2_rows;

    explicit ByteNetwork(const Network<float>& net)
        : w1(fours(net.w1_transposed, net.perceived_row, net.hidden_row)),
          w2(fours(net.w2_transposed, net.hidden_row, net.channels_row)),
          offset(net.hidden_row),
          w2_rows(net.w2.begin(), net.w2.end()) {
        for (int p = 0; p < net.perceived; p++)
            for (int h = 0; h < net.hidden; h++)
                offset[h] -= LEAST * int32_t(net.w1_transposed[p * net.hidden_row + h]);
    }

  private:
    static Vector<Four> fours(const Vector<float>& from, int rows, int columns) {
        Vector<Four> to(rows / 4 * columns);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
                to[r / 4 * columns + c] |= Four(uint8_t(-int(from[r * columns + c]))) << 8 * (r % 4);
        return to;
    }
};

class ByteWorkspace : public LevelWorkspace<float> {
    const std::shared_ptr<const ByteNetwork> bytes;
    Vector<uint8_t> of_rows, neurons;
    using Tile = Lanes<int32_t>::vector;

    static __m512 clipped(__m512 value, int least, int most) {
        return _mm512_min_ps(_mm512_max_ps(value, _mm512_set1_ps(least)), _mm512_set1_ps(most));
    }
    // Rounded, ties to even, and counted from `least` on.
    static void store_bytes(uint8_t* to, __m512 value, int least) {
        const __m512i whole = _mm512_cvtps_epi32(value);
        _mm_storeu_si128((__m128i*)to, _mm512_cvtepi32_epi8(_mm512_sub_epi32(whole, _mm512_set1_epi32(least))));
    }

    // A layer's sums of floats: a product is of negative weights.
    static __m512 layer_sum(Tile sum, const float* bias) {
        return _mm512_sub_ps(_mm512_loadu_ps(bias), _mm512_cvtepi32_ps((__m512i)sum));
    }

    struct Activate {
        static constexpr bool in_pairs = false;
        const Network<float>& net;
        uint8_t* to;
        template <int rows, int vectors>
        void operator()(int m, int n, Tile (&sum)[rows][vectors]) const {
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < vectors; j++) {
                    const int h = n + j * 16;
                    const __m512 value = layer_sum(sum[i][j], net.b1.data() + h) * net.hidden_scale;
                    store_bytes(to + (m + i) * net.hidden_row + h, clipped(value, 0, MOST_HIDDEN), 0);
                }
        }
    };

    struct Change {
        static constexpr bool in_pairs = false;
        const Network<float>& net;
        float* to;
        template <int rows, int vectors>
        void operator()(int m, int n, Tile (&sum)[rows][vectors]) const {
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < vectors; j++) {
                    const int c = n + j * 16;
                    const __m512 value = layer_sum(sum[i][j], net.b2.data() + c) * net.output_scale;
                    const __m512 whole = _mm512_roundscale_ps(clipped(value, LEAST, MOST), _MM_FROUND_TO_NEAREST_INT);
                    _mm512_storeu_ps(to + (m + i) * net.channels_row + c, whole);  // -0 where it was less
                }
        }
    };

    // The hidden layer in bytes. False if some perceived value is not a number: floats are to keep it so.
    bool activate_bytes(int count) {
        __mmask16 strange = 0;
        for (int m = 0; m < count; m++)
            for (int p = 0; p < net.perceived_row; p += 16) {
                const __m512 value = _mm512_loadu_ps(perceived(m) + p);
                strange |= _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
                store_bytes(of_rows.data() + m * net.perceived_row + p,
                            clipped(value, LEAST, MOST), LEAST);
            }
        if (strange) return false;
        product<Bytes>(count, net.perceived_row / 4, net.hidden_row,
                       {reinterpret_cast<const Four*>(of_rows.data()), net.perceived_row / 4},
                       {bytes->w1.data(), net.hidden_row}, From<int32_t>{bytes->offset.data(), 0},
                       Activate{net, neurons.data()});
        return true;
    }

  public:
    ByteWorkspace(const Network<float>& net, std::shared_ptr<const ByteNetwork> bytes)
        : LevelWorkspace<float>(net),
          bytes(bytes),
          of_rows(BLOCK * net.perceived_row),
          neurons(BLOCK * net.hidden_row) {}

    void forward(int count, float* change) override {
        if (!activate_bytes(count)) return LevelWorkspace<float>::forward(count, change);
        product<Bytes>(count, net.hidden_row / 4, net.channels_row,
                       {reinterpret_cast<const Four*>(neurons.data()), net.hidden_row / 4},
                       {bytes->w2.data(), net.channels_row}, FromZero<int32_t>(), Change{net, change});
    }

    void forward_channel(int count, int channel, float* change) override {
        if (!activate_bytes(count)) return LevelWorkspace<float>::forward_channel(count, channel, change);
        for (int m = 0; m < count; m++) {
            int32_t sum = 0;
            for (int h = 0; h < net.hidden_row; h++)
                sum += neurons[m * net.hidden_row + h] * bytes->w2_rows[channel * net.hidden_row + h];
            change[m] = sum + net.b2[channel];
        }
        finish_change(count, change);
    }
};
#endif
