// What a cell perceives, and how the gradient of that goes back to the cells.
#pragma once

#include <cmath>

#include "problem.hpp"
#include "vectors.hpp"

constexpr int MOST_BANDS = 3;  // linear bands: Laplacian, d/dx, d/dy

template <class real>
class Perception {
    using L = Lanes<real>;
    const Problem& problem;
    const int channels, channels_row;

    // sums[b] = sum_k weights_b[n, k] states[index[n, k]], each of channels_row numbers
    template <int bands>
    void sum(const Table& table, int n, const real* states, real* sums) const {
        const int32_t* index = table.index + n * table.width;
        const int count = table.counts[n];
        const real* weights[MOST_BANDS];
        for (int b = 0; b < bands; b++) weights[b] = static_cast<const real*>(table.weights[b]) + n * table.width;
        for (int c = 0; c < channels_row; c += L::count) {
            typename L::vector total[bands > 0 ? bands : 1] = {};
            for (int k = 0; k < count; k++) {
                const auto state = L::load(states + long(index[k]) * channels_row + c);
                for (int b = 0; b < bands; b++) total[b] += weights[b][k] * state;
            }
            for (int b = 0; b < bands; b++) L::store(sums + b * channels_row + c, total[b]);
        }
    }

    // grad += sum_b sum_k weights_b[n, k] bands_of[slots[index[n, k]]][b]
    template <int bands>
    void add(const Table& table, int n, const int32_t* slots, const real* bands_of, real* grad) const {
        const int32_t* index = table.index + n * table.width;
        const int count = table.counts[n];
        const real* weights[MOST_BANDS];
        for (int b = 0; b < bands; b++) weights[b] = static_cast<const real*>(table.weights[b]) + n * table.width;
        for (int c = 0; c < channels_row; c += L::count) {
            auto total = L::load(grad + c);
            for (int k = 0; k < count; k++) {
                const real* from = bands_of + long(slots[index[k]]) * bands * channels_row + c;
                for (int b = 0; b < bands; b++) total += weights[b][k] * L::load(from + b * channels_row);
            }
            L::store(grad + c, total);
        }
    }

  public:
    int bands = 0;      // linear bands of the tables
    int perceived = 0;  // length of the perceived vector
    bool laplacian = false, gradient = false;

    explicit Perception(const Problem& problem)
        : problem(problem), channels(problem.channels), channels_row(L::rounded_up(problem.channels)) {
        for (int f = 0; f < problem.num_filters; f++) {
            laplacian |= problem.filters[f] == LAPLACIAN;
            gradient |= problem.filters[f] == GRADIENT || problem.filters[f] == GRADIENT_NORM;
            perceived += channels * (problem.filters[f] == GRADIENT ? 2 : 1);
        }
        bands = (laplacian ? 1 : 0) + (gradient ? 2 : 0);
    }

    // The linear bands of cell n of a sample; `states` is the sample's first row.
    void sums(int n, const real* states, real* to) const {
        switch (bands) {
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
        const real *first = sums, *along_x = sums + (laplacian ? channels_row : 0), *along_y = along_x + channels_row;
        auto write = [&](real gain, const real* from) {
            for (int c = 0; c < channels_row; c += L::count) L::store(to + c, gain * L::load(from + c));
            to += channels;
        };
        for (int f = 0; f < problem.num_filters; f++) {
            const real gain = problem.gains[f];
            switch (problem.filters[f]) {
                case IDENTITY:
                    write(1, own);
                    break;
                case LAPLACIAN:
                    write(gain, first);
                    break;
                case GRADIENT:
                    write(gain, along_x), write(gain, along_y);
                    break;
                case GRADIENT_NORM:
                    for (int c = 0; c < channels; c++) to[c] = norm(gain * along_x[c], gain * along_y[c]);
                    to += channels;
            }
        }
    }

    // From the gradient of a perceived vector: adds that of the cell's own state, and writes those of the linear bands.
    void split(const real* grad, const real* sums, real* own, real* to) const {
        real *first = to, *along_x = to + (laplacian ? channels_row : 0), *along_y = along_x + channels_row;
        const real *sum_x = sums + (laplacian ? channels_row : 0), *sum_y = sum_x + channels_row;
        for (int i = 0; i < bands * channels_row; i++) to[i] = 0;
        auto add = [&](real gain, real* band) {
            for (int c = 0; c < channels; c++) band[c] += gain * grad[c];
            grad += channels;
        };
        for (int f = 0; f < problem.num_filters; f++) {
            const real gain = problem.gains[f];
            switch (problem.filters[f]) {
                case IDENTITY:
                    add(1, own);
                    break;
                case LAPLACIAN:
                    add(gain, first);
                    break;
                case GRADIENT:
                    add(gain, along_x), add(gain, along_y);
                    break;
                case GRADIENT_NORM:
                    for (int c = 0; c < channels; c++) {
                        const real x = gain * sum_x[c], y = gain * sum_y[c], share = gain * grad[c] / norm(x, y);
                        along_x[c] += x * share, along_y[c] += y * share;
                    }
                    grad += channels;
            }
        }
    }

    // Adds to the gradient of cell n what the cells that perceived it pass back: `bands_of[slots[m]]` for each of them.
    void collect(int n, const int32_t* slots, const real* bands_of, real* grad) const {
        switch (bands) {
            case 0:
                return;
            case 1:
                return add<1>(problem.backward, n, slots, bands_of, grad);
            case 2:
                return add<2>(problem.backward, n, slots, bands_of, grad);
            default:
                return add<3>(problem.backward, n, slots, bands_of, grad);
        }
    }

  private:
    real norm(real x, real y) const { return std::sqrt(x * x + y * y + real(problem.norm_floor)); }
};
