// The update network on a block of cells, forward and backward: what all ways to compute it have in common.
#pragma once

#include <algorithm>
#include <vector>

#include "memory.hpp"
#include "problem.hpp"
#include "vectors.hpp"

constexpr int BLOCK = 48;  // cells at a time: perceived vectors, hidden layer and its gradient stay in the cache

// The parameters with their rows filled up to whole vectors, in the order in which the products read them.
template <class real>
struct Network {
    using L = Lanes<real>;
    int perceived, hidden, channels;              // as they are
    int perceived_row, hidden_row, channels_row;  // filled up
    Vector<real> w1, w1_transposed, b1, w2, w2_transposed, b2;
    const real hidden_scale, output_scale;  // in 8 bits

    Network(const Parameters& from, int perceived, const Problem& problem)
        : perceived(perceived),
          hidden(problem.hidden),
          channels(problem.channels),
          perceived_row(L::rounded_up(perceived)),
          hidden_row(L::rounded_up(hidden)),
          channels_row(L::rounded_up(channels)),
          w1(hidden_row * perceived_row),
          w1_transposed(perceived_row * hidden_row),
          b1(hidden_row),
          w2(channels_row * hidden_row),
          w2_transposed(hidden_row * channels_row),
          b2(channels_row),
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
class Workspace {
  protected:
    Vector<real> rows;
    Vector<real> grad_perceived;
    Vector<real> grad_w1, grad_b1, grad_w2_transposed, grad_b2;

    explicit Workspace(const Network<real>& net)
        // the last band of a perceived vector is written as whole vectors, which may reach beyond its row
        : rows(BLOCK * (net.perceived_row + Lanes<real>::count) + Lanes<real>::count), net(net) {}

    long row() const { return net.perceived_row + Lanes<real>::count; }  // of a perceived vector

  public:
    const Network<real>& net;

    virtual ~Workspace() = default;

    // Where the perceived vectors of a block are to be written, and what their gradients are after `backward`.
    real* perceived(int m) { return rows.data() + m * row(); }
    const real* grad_of_perceived(int m) const { return grad_perceived.data() + long(m) * net.perceived_row; }

    // change (count, channels_row) of the cells whose perceived vectors are in the block
    virtual void forward(int count, real* change) = 0;

    // The change of one channel alone.
    virtual void forward_channel(int count, int channel, real* change) = 0;

    // From grad (count, channels_row) adds to the parameters' gradients and fills those of the perceived vectors.
    virtual void backward(int count, const real* grad) = 0;

    virtual void start_gradients() {
        grad_perceived.assign(BLOCK * net.perceived_row + Lanes<real>::count, 0);  // read as whole vectors
        grad_w1.assign(net.hidden_row * net.perceived_row, 0);
        grad_b1.assign(net.hidden_row, 0);
        grad_w2_transposed.assign(net.hidden_row * net.channels_row, 0);
        grad_b2.assign(net.channels_row, 0);
    }

    // Adds another thread's share.
    void add(const Workspace& other) {
        auto plus = [](Vector<real>& to, const Vector<real>& from) {
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
