// What a cell perceives, and how the gradient of that goes back to the cells.
#pragma once

#include <cmath>

#include "problem.hpp"
#include "vectors.hpp"

constexpr int MOST_OPERATORS = 3;  // Laplacian, d/dx, d/dy

// The gradient of a cell's last channel, which says where its own x is: at most 1 long.
template <class real>
struct Guide {
    real x, y, size;
    bool is_full;

    Guide(real along_x, real along_y, real full) {
        size = std::sqrt(along_x * along_x + along_y * along_y);
        is_full = !(size < full);
        if (!is_full) size = full;
        x = along_x / size, y = along_y / size;
    }

    // Adds to the gradient of what it is made of, from its own.
    void pass(real grad_x, real grad_y, real& along_x, real& along_y) const {
        const real along = is_full ? x * grad_x + y * grad_y : 0;  // where it is as long as it can be, it only turns
        along_x += (grad_x - along * x) / size, along_y += (grad_y - along * y) / size;
    }
};

template <class real>
class Perception {
    using L = Lanes<real>;
    const Problem& problem;
    const int channels, channels_row;

    // sums[b] = sum_k weights_b[n, k] states[index[n, k]], each of channels_row numbers
    template <int rows>
    void sum(const Table& table, int n, const real* states, real* sums) const {
        const int32_t* index = table.index + n * table.width;
        const int count = table.counts[n];
        const real* weights[MOST_OPERATORS];
        for (int b = 0; b < rows; b++) weights[b] = static_cast<const real*>(table.weights[b]) + n * table.width;
        for (int c = 0; c < channels_row; c += L::count) {
            typename L::vector total[rows] = {};
            for (int k = 0; k < count; k++) {
                const auto state = L::load(states + long(index[k]) * channels_row + c);
                for (int b = 0; b < rows; b++) total[b] += weights[b][k] * state;
            }
            for (int b = 0; b < rows; b++) L::store(sums + b * channels_row + c, total[b]);
        }
    }

    // grad += sum_b sum_k weights_b[n, k] passed[slots[index[n, k]]][b]
    template <int rows>
    void add(const Table& table, int n, const int32_t* slots, const real* passed, real* grad) const {
        const int32_t* index = table.index + n * table.width;
        const int count = table.counts[n];
        const real* weights[MOST_OPERATORS];
        for (int b = 0; b < rows; b++) weights[b] = static_cast<const real*>(table.weights[b]) + n * table.width;
        for (int c = 0; c < channels_row; c += L::count) {
            auto total = L::load(grad + c);
            for (int k = 0; k < count; k++) {
                const real* from = passed + long(slots[index[k]]) * rows * channels_row + c;
                for (int b = 0; b < rows; b++) total += weights[b][k] * L::load(from + b * channels_row);
            }
            L::store(grad + c, total);
        }
    }

  public:
    const int operators;  // rows of the tables
    const int perceived;  // length of the perceived vector

    explicit Perception(const Problem& problem)
        : problem(problem),
          channels(problem.channels),
          channels_row(L::rounded_up(problem.channels)),
          operators(problem.num_operators),
          perceived(problem.channels * problem.num_bands) {}

    // What the operators make at cell n of a sample; `states` is the sample's first row.
    void sums(int n, const real* states, real* to) const {
        switch (operators) {
            case 0:
                return;
            case 1:
                return sum<1>(problem.forward, n, states, to);
            case 2:
                return sum<2>(problem.forward, n, states, to);
            default:
                return sum<3>(problem.forward, n, states, to);
        }
    }

    // Writes band after band, as whole vectors: what a band writes beyond its end, the next one overwrites.
    void compose(const real* own, const real* sums, real* to) const {
        for (int b = 0; b < problem.num_bands; b++, to += channels) {
            const Band& band = problem.bands[b];
            const real gain = band.gain;
            const real* from = band.first == OWN ? own : sums + band.first * channels_row;
            if (band.second == ONE) {
                for (int c = 0; c < channels_row; c += L::count) L::store(to + c, gain * L::load(from + c));
                continue;
            }
            const real* other = sums + band.second * channels_row;
            if (band.part == NORM) {
                for (int c = 0; c < channels; c++) to[c] = norm(gain * from[c], gain * other[c]);
            } else {
                const Guide<real> way = guide(from, other);
                const bool along = band.part == ALONG;
                const real x = gain * (along ? way.x : -way.y), y = gain * (along ? way.y : way.x);
                for (int c = 0; c < channels_row; c += L::count)
                    L::store(to + c, x * L::load(from + c) + y * L::load(other + c));
            }
        }
    }

    // From the gradient of a perceived vector: adds that of the cell's own state, and writes those of the operators. As
    // whole vectors: what lies beyond the channels of a row is of the next band, and means nothing.
    void split(const real* grad, const real* sums, real* own, real* to) const {
        for (int i = 0; i < operators * channels_row; i += L::count) L::store(to + i, typename L::vector{});
        for (int b = 0; b < problem.num_bands; b++, grad += channels) {
            const Band& band = problem.bands[b];
            const real gain = band.gain;
            real* first = band.first == OWN ? own : to + band.first * channels_row;
            if (band.second == ONE) {
                for (int c = 0; c < channels_row; c += L::count)
                    L::store(first + c, L::load(first + c) + gain * L::load(grad + c));
                continue;
            }
            real* second = to + band.second * channels_row;
            const real *one = sums + band.first * channels_row, *other = sums + band.second * channels_row;
            if (band.part == NORM) {
                for (int c = 0; c < channels; c++) {
                    const real x = gain * one[c], y = gain * other[c], share = gain * grad[c] / norm(x, y);
                    first[c] += x * share, second[c] += y * share;
                }
            } else {
                const Guide<real> way = guide(one, other);
                const bool along = band.part == ALONG;
                const real x = gain * (along ? way.x : -way.y), y = gain * (along ? way.y : way.x);
                real grad_x = 0, grad_y = 0;
                for (int c = 0; c < channels; c++) {
                    first[c] += x * grad[c], second[c] += y * grad[c];
                    grad_x += gain * one[c] * grad[c], grad_y += gain * other[c] * grad[c];
                }
                way.pass(along ? grad_x : grad_y, along ? grad_y : -grad_x, first[channels - 1], second[channels - 1]);
            }
        }
    }

    // Adds to the gradient of cell n what the cells that perceived it pass back: `passed[slots[m]]` for each of them.
    void collect(int n, const int32_t* slots, const real* passed, real* grad) const {
        switch (operators) {
            case 0:
                return;
            case 1:
                return add<1>(problem.backward, n, slots, passed, grad);
            case 2:
                return add<2>(problem.backward, n, slots, passed, grad);
            default:
                return add<3>(problem.backward, n, slots, passed, grad);
        }
    }

  private:
    real norm(real x, real y) const { return std::sqrt(x * x + y * y + real(problem.norm_floor)); }

    Guide<real> guide(const real* x, const real* y) const {
        return Guide<real>(x[channels - 1], y[channels - 1], problem.full_slope);
    }
};
