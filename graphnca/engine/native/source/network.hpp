// The update network on a block of cells, forward and backward.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include "eight_bit.hpp"
#include "problem.hpp"
#include "product.hpp"

constexpr int BLOCK = 48;  // cells at a time: perceived vectors, hidden layer and its gradient stay in the cache

// The parameters with their rows filled up to whole vectors, in the order in which the products read them.
template <class real>
struct Network {
    using L = Lanes<real>;
    int perceived, hidden, channels;              // as they are
    int perceived_row, hidden_row, channels_row;  // filled up
    std::vector<real> w1, w1_transposed, b1, w2, w2_transposed, b2;
    const bool quantised;
    const real hidden_scale, output_scale;

    Network(const Parameters& from, int perceived, const Problem& problem)
        : perceived(perceived),
          hidden(problem.hidden),
          channels(problem.channels),
          perceived_row(L::rounded_up(perceived)),
          hidden_row(L::rounded_up(hidden)),
          channels_row(L::rounded_up(channels)),
          w1(hidden_row * perceived_row),
          w1_transposed(perceived * hidden_row),
          b1(hidden_row),
          w2(channels * hidden_row),
          w2_transposed(hidden_row * channels_row),
          b2(channels_row),
          quantised(problem.quantised),
          hidden_scale(problem.hidden_scale),
          output_scale(problem.output_scale) {
        auto first = static_cast<const real*>(from.w1), second = static_cast<const real*>(from.w2);
        for (int h = 0; h < hidden; h++)
            for (int p = 0; p < perceived; p++)
                w1[h * perceived_row + p] = w1_transposed[p * hidden_row + h] = first[h * perceived + p];
        for (int c = 0; c < channels; c++)
            for (int h = 0; h < hidden; h++)
                w2[c * hidden_row + h] = w2_transposed[h * channels_row + c] = second[c * hidden + h];
        if (from.b1) std::copy_n(static_cast<const real*>(from.b1), hidden, b1.begin());
        if (from.b2) std::copy_n(static_cast<const real*>(from.b2), channels, b2.begin());
    }
};

// Room for one block, and one thread's share of the parameters' gradients.
template <class real>
struct Workspace {
    const Network<real>& net;
    std::vector<real> rows, layer, grad_layer, grad_perceived;
    std::vector<real> passes, layer_passes;  // in 8 bits, how gradients pass through the rounding of rows and layer
    std::vector<real> grad_w1, grad_b1, grad_w2_transposed, grad_b2;

    explicit Workspace(const Network<real>& net)
        // the last band of a perceived vector is written as whole vectors, which may reach beyond its row
        : net(net), rows(BLOCK * row() + Lanes<real>::count), layer(BLOCK * net.hidden_row) {}

    long row() const { return net.perceived_row + Lanes<real>::count; }  // of a perceived vector
    real* perceived(int m) { return rows.data() + m * row(); }

    void start_gradients() {
        grad_layer.assign(BLOCK * net.hidden_row, 0);
        grad_perceived.assign(BLOCK * net.perceived_row, 0);
        grad_w1.assign(net.hidden_row * net.perceived_row, 0);
        grad_b1.assign(net.hidden_row, 0);
        grad_w2_transposed.assign(net.hidden_row * net.channels_row, 0);
        grad_b2.assign(net.channels_row, 0);
        if (!net.quantised) return;
        passes.resize(BLOCK * net.perceived_row);
        layer_passes.resize(BLOCK * net.hidden_row);
    }

    // In 8 bits, rounds the perceived vectors.
    void round_perceived(int count, bool learning) {
        for (int m = 0; m < count; m++)
            round_row(perceived(m), net.perceived, real(1), LEAST, MOST,
                      learning ? passes.data() + m * net.perceived_row : nullptr);
    }

    void activate(int count, bool learning = false) {
        product<real, Start::bias, Finish::relu>(count, net.perceived, net.hidden_row, {rows.data(), row()},
                                                 {net.w1_transposed.data(), net.hidden_row},
                                                 {layer.data(), net.hidden_row}, net.b1.data());
        if (net.quantised)
            round_row(layer.data(), count * net.hidden_row, net.hidden_scale, 0, MOST_HIDDEN,
                      learning ? layer_passes.data() : nullptr);
    }

    // change (count, channels_row) of the cells whose perceived vectors are in `rows`
    void forward(int count, real* change) {
        activate(count);
        product<real, Start::bias, Finish::keep>(
            count, net.hidden_row, net.channels_row, {layer.data(), net.hidden_row},
            {net.w2_transposed.data(), net.channels_row}, {change, net.channels_row}, net.b2.data());
        if (net.quantised) round_row<real>(change, count * net.channels_row, net.output_scale, LEAST, MOST, nullptr);
    }

    // The change of one channel alone.
    void forward_channel(int count, int channel, real* change) {
        activate(count);
        const real* weights = net.w2.data() + channel * net.hidden_row;
        for (int m = 0; m < count; m++) {
            const real* neurons = layer.data() + m * net.hidden_row;
            real sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int h = 0; h < net.hidden_row; h++) sum += weights[h] * neurons[h];
            change[m] = sum + net.b2[channel];
        }
        if (net.quantised) round_row<real>(change, count, net.output_scale, LEAST, MOST, nullptr);
    }

    // From grad (count, channels_row) adds to the parameters' gradients and fills grad_perceived.
    void backward(int count, const real* grad) {
        activate(count, true);
        const std::vector<real>& gate = net.quantised ? layer_passes : layer;
        product<real, Start::zero, Finish::gate>(count, net.channels, net.hidden_row, {grad, net.channels_row},
                                                 {net.w2.data(), net.hidden_row}, {grad_layer.data(), net.hidden_row},
                                                 gate.data(), net.hidden_row);
        if (net.quantised)
            for (int i = 0; i < count * net.hidden_row; i++) grad_layer[i] *= net.hidden_scale;
        product<real, Start::add, Finish::keep>(net.hidden_row, count, net.channels_row,
                                                {layer.data(), 1, net.hidden_row}, {grad, net.channels_row},
                                                {grad_w2_transposed.data(), net.channels_row});
        product<real, Start::add, Finish::keep>(net.hidden_row, count, net.perceived_row,
                                                {grad_layer.data(), 1, net.hidden_row}, {rows.data(), row()},
                                                {grad_w1.data(), net.perceived_row});
        product<real, Start::zero, Finish::keep>(
            count, net.hidden_row, net.perceived_row, {grad_layer.data(), net.hidden_row},
            {net.w1.data(), net.perceived_row}, {grad_perceived.data(), net.perceived_row});
        if (net.quantised)
            for (int m = 0; m < count; m++)
                for (int p = 0; p < net.perceived; p++)
                    grad_perceived[m * net.perceived_row + p] *= passes[m * net.perceived_row + p];
        for (int m = 0; m < count; m++) {
#pragma omp simd
            for (int h = 0; h < net.hidden_row; h++) grad_b1[h] += grad_layer[m * net.hidden_row + h];
#pragma omp simd
            for (int c = 0; c < net.channels_row; c++) grad_b2[c] += grad[m * net.channels_row + c];
        }
    }

    // Adds another thread's share.
    void add(const Workspace& other) {
        auto plus = [](std::vector<real>& to, const std::vector<real>& from) {
            for (size_t i = 0; i < to.size(); i++) to[i] += from[i];
        };
        plus(grad_w1, other.grad_w1), plus(grad_b1, other.grad_b1);
        plus(grad_w2_transposed, other.grad_w2_transposed), plus(grad_b2, other.grad_b2);
    }

    void write(const Gradients& to) const {
        auto w1 = static_cast<real*>(to.w1), w2 = static_cast<real*>(to.w2);
        for (int h = 0; h < net.hidden; h++) {
            for (int p = 0; p < net.perceived; p++) w1[h * net.perceived + p] = grad_w1[h * net.perceived_row + p];
            for (int c = 0; c < net.channels; c++)
                w2[c * net.hidden + h] = grad_w2_transposed[h * net.channels_row + c];
        }
        if (to.b1) std::copy_n(grad_b1.begin(), net.hidden, static_cast<real*>(to.b1));
        if (to.b2) std::copy_n(grad_b2.begin(), net.channels, static_cast<real*>(to.b2));
    }
};
