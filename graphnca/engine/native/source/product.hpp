// Matrix products of a few dozen rows with everything in the cache: C = start + A B, finished by a ReLU or a gate.
//
// A tile of C stays in the registers over the whole inner dimension. A may be read along either axis (a transposed
// matrix is one with the strides exchanged), so the same kernel serves the layers, their gradients and the weights'.
#pragma once

#include "vectors.hpp"

enum class Start { zero, bias, add };
enum class Finish { keep, relu, gate };  // gate: zero where another matrix is not positive, the derivative of the ReLU

template <class real>
struct Matrix {
    real* data;
    long row;         // distance between rows
    long column = 1;  // and between columns
};

template <class real, Start start, Finish finish, int rows, int vectors>
static inline void tile(int inner, Matrix<const real> a, Matrix<const real> b, Matrix<real> c, const real* extra,
                        long extra_row) {
    using L = Lanes<real>;
    typename L::vector sum[rows][vectors];
    for (int m = 0; m < rows; m++)
        for (int n = 0; n < vectors; n++) {
            if constexpr (start == Start::zero) sum[m][n] = typename L::vector{};
            if constexpr (start == Start::bias) sum[m][n] = L::load(extra + n * L::count);
            if constexpr (start == Start::add) sum[m][n] = L::load(c.data + m * c.row + n * L::count);
        }
    for (int k = 0; k < inner; k++) {
        typename L::vector right[vectors];
        for (int n = 0; n < vectors; n++) right[n] = L::load(b.data + k * b.row + n * L::count);
        for (int m = 0; m < rows; m++) {
            const real left = a.data[m * a.row + k * a.column];
            for (int n = 0; n < vectors; n++) sum[m][n] += left * right[n];
        }
    }
    for (int m = 0; m < rows; m++)
        for (int n = 0; n < vectors; n++) {
            typename L::vector value = sum[m][n];
            // written so that a NaN stays one
            if constexpr (finish == Finish::relu) value = value <= real(0) ? typename L::vector{} : value;
            if constexpr (finish == Finish::gate)
                value = L::load(extra + m * extra_row + n * L::count) <= real(0) ? typename L::vector{} : value;
            L::store(c.data + m * c.row + n * L::count, value);
        }
}

template <class real, Start start, Finish finish, int vectors>
static inline void stripe(int rows, int inner, Matrix<const real> a, Matrix<const real> b, Matrix<real> c,
                          const real* extra, long extra_row) {
    // as many rows as leave a few registers for B
    constexpr int tall = REGISTERS >= 32 ? (vectors == 1 ? 16 : 24 / vectors) : (vectors == 1 ? 8 : 12 / vectors);
    int m = 0;
    auto run = [&](auto height) {
        constexpr int count = decltype(height)::value;
        for (; m + count <= rows; m += count) {
            const real* more = finish == Finish::gate ? extra + m * extra_row : extra;
            tile<real, start, finish, count, vectors>(inner, {a.data + m * a.row, a.row, a.column}, b,
                                                      {c.data + m * c.row, c.row}, more, extra_row);
        }
    };
    run(std::integral_constant<int, tall>());
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 1>());
}

// C (rows x columns, a multiple of the lanes) = start + A (rows x inner) B (inner x columns). `extra` is the bias row
// or the matrix of the gate.
template <class real, Start start, Finish finish>
static void product(int rows, int inner, int columns, Matrix<const real> a, Matrix<const real> b, Matrix<real> c,
                    const real* extra = nullptr, long extra_row = 0) {
    constexpr int widest = REGISTERS >= 32 ? 4 : 2;
    int n = 0;
    auto run = [&](auto width) {
        constexpr int vectors = decltype(width)::value;
        for (; n + vectors * Lanes<real>::count <= columns; n += vectors * Lanes<real>::count)
            stripe<real, start, finish, vectors>(rows, inner, a, {b.data + n, b.row}, {c.data + n, c.row},
                                                 extra ? extra + n : nullptr, extra_row);
    };
    run(std::integral_constant<int, widest>());
    if constexpr (widest > 3) run(std::integral_constant<int, 3>());
    if constexpr (widest > 2) run(std::integral_constant<int, 2>());
    run(std::integral_constant<int, 1>());
}
