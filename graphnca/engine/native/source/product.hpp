// Matrix products of a few dozen rows with everything in the cache: C = beginning + A B, and what becomes of C.
//
// A tile of C stays in the registers over the whole inner dimension. A may be read along either axis (a transposed
// matrix is one with the strides exchanged), so the same kernel serves the layers, their gradients and the weights'.
// What an element of A times a vector of B is, a `Kind` says; where C begins and what is done with a tile of it, two
// small objects.
#pragma once

#include <type_traits>

#include "vectors.hpp"

template <class number>
struct Matrix {
    number* data;
    long row;         // distance between rows
    long column = 1;  // and between columns
};

// Numbers times numbers.
template <class real>
struct Plain {
    using Element = real;  // of A and B
    using Sum = real;      // of C
    using V = typename Lanes<real>::vector;
    static V add(V sum, real left, V right) { return sum + left * right; }
};

// Where C begins.
template <class real>
struct FromZero {
    typename Lanes<real>::vector operator()(int, int) const { return typename Lanes<real>::vector{}; }
};

// In a matrix; in a bias, whose rows are all the same, if it is `row` = 0 long.
template <class real>
struct From {
    const real* data;
    long row;
    typename Lanes<real>::vector operator()(int m, int n) const { return Lanes<real>::load(data + m * row + n); }
};

// What is done with a tile of C, whose first element is (m, n); if `in_pairs`, there is an even number of rows. Here it
// is kept, as what `change` makes of each vector.
template <class real, class Change>
struct Keep {
    static constexpr bool in_pairs = false;
    real* data;
    long row;
    Change change;

    template <int rows, int vectors>
    void operator()(int m, int n, typename Lanes<real>::vector (&sum)[rows][vectors]) const {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++) {
                const int column = n + j * Lanes<real>::count;
                Lanes<real>::store(data + (m + i) * row + column, change(sum[i][j], m + i, column));
            }
    }
};

template <class V>
static inline V positive(V value) {  // written so that a NaN stays one
    return value <= V{} ? V{} : value;
}

template <class real>
static auto keep(real* data, long row) {
    auto same = [](typename Lanes<real>::vector value, int, int) { return value; };
    return Keep<real, decltype(same)>{data, row, same};
}

template <class real>
static auto keep_positive(real* data, long row) {
    auto relu = [](typename Lanes<real>::vector value, int, int) { return positive(value); };
    return Keep<real, decltype(relu)>{data, row, relu};
}

// Zero where the gate, a matrix with rows as far apart, is not positive: the derivative of the ReLU.
template <class real>
static auto keep_gated(real* data, long row, const real* gate) {
    using V = typename Lanes<real>::vector;
    auto gated = [gate, row](V value, int m, int n) {
        return Lanes<real>::load(gate + m * row + n) <= real(0) ? V{} : value;
    };
    return Keep<real, decltype(gated)>{data, row, gated};
}

template <class Kind, int rows, int vectors, class Begin, class Finish>
static inline __attribute__((always_inline)) void tile(int m, int n, int inner,
                                                       Matrix<const typename Kind::Element> a,
                                                       Matrix<const typename Kind::Element> b, const Begin& begin,
                                                       const Finish& finish) {
    using L = Lanes<typename Kind::Element>;
    typename Lanes<typename Kind::Sum>::vector sum[rows][vectors];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) sum[i][j] = begin(m + i, n + j * L::count);
    const auto *left = a.data + m * a.row, *right = b.data + n;
    for (int k = 0; k < inner; k++) {
        typename L::vector of_b[vectors];
        for (int j = 0; j < vectors; j++) of_b[j] = L::load(right + k * b.row + j * L::count);
        for (int i = 0; i < rows; i++) {
            const auto of_a = left[i * a.row + k * a.column];
            for (int j = 0; j < vectors; j++) sum[i][j] = Kind::add(sum[i][j], of_a, of_b[j]);
        }
    }
    finish.template operator()<rows, vectors>(m, n, sum);
}

template <class Kind, int vectors, class Begin, class Finish>
static void stripe(int n, int rows, int inner, Matrix<const typename Kind::Element> a,
                   Matrix<const typename Kind::Element> b, const Begin& begin, const Finish& finish) {
    // as many rows as leave a few registers for B
    constexpr int tall = REGISTERS >= 32 ? (vectors == 1 ? 16 : 24 / vectors) : (vectors == 1 ? 8 : 12 / vectors);
    int m = 0;
    auto run = [&](auto height) {
        constexpr int count = decltype(height)::value;
        for (; m + count <= rows; m += count) tile<Kind, count, vectors>(m, n, inner, a, b, begin, finish);
    };
    run(std::integral_constant<int, tall>());
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 2>());
    if constexpr (!Finish::in_pairs) run(std::integral_constant<int, 1>());
}

// C (rows x columns, a multiple of the lanes) = beginning + A (rows x inner) B (inner x columns).
template <class Kind, class Begin, class Finish>
static void product(int rows, int inner, int columns, Matrix<const typename Kind::Element> a,
                    Matrix<const typename Kind::Element> b, const Begin& begin, const Finish& finish) {
    constexpr int widest = REGISTERS >= 32 ? 4 : 2;
    int n = 0;
    auto run = [&](auto width) {
        constexpr int vectors = decltype(width)::value, wide = vectors * Lanes<typename Kind::Element>::count;
        for (; n + wide <= columns; n += wide) stripe<Kind, vectors>(n, rows, inner, a, b, begin, finish);
    };
    run(std::integral_constant<int, widest>());
    if constexpr (widest > 3) run(std::integral_constant<int, 3>());
    if constexpr (widest > 2) run(std::integral_constant<int, 2>());
    run(std::integral_constant<int, 1>());
}
