// The update network in the states' own type.
#pragma once

#include "network.hpp"
#include "product.hpp"

template <class real>
class FloatWorkspace : public Workspace<real> {
    using Number = Plain<real>;

  protected:
    using Workspace<real>::net, Workspace<real>::rows, Workspace<real>::row;
    Vector<real> layer, grad_layer;

    // The hidden layer of the block.
    virtual void activate(int count, bool /*learning*/) {
        product<Number>(count, net.perceived, net.hidden_row, {rows.data(), row()},
                        {net.w1_transposed.data(), net.hidden_row}, From<real>{net.b1.data(), 0},
                        keep_positive(layer.data(), net.hidden_row));
    }

    // Where gradients pass through the hidden layer: where this is positive.
    virtual const real* gate() const { return layer.data(); }

    virtual void finish_change(int /*count*/, real* /*change*/) const {}
    virtual void finish_grad_layer(int /*count*/) {}
    virtual void finish_grad_perceived(int /*count*/) {}

    // Adds the sum of some rows.
    static void add_up(int count, int columns, const real* rows, real* to) {
        using L = Lanes<real>;
        for (int n = 0; n < columns; n += L::count) {
            auto sum = L::load(to + n);
            for (int m = 0; m < count; m++) sum += L::load(rows + m * columns + n);
            L::store(to + n, sum);
        }
    }

  public:
    explicit FloatWorkspace(const Network<real>& net) : Workspace<real>(net), layer(BLOCK * net.hidden_row) {}

    void start_gradients() override {
        Workspace<real>::start_gradients();
        grad_layer.assign(BLOCK * net.hidden_row, 0);
    }

    void forward(int count, real* change) override {
        activate(count, false);
        product<Number>(count, net.hidden_row, net.channels_row, {layer.data(), net.hidden_row},
                        {net.w2_transposed.data(), net.channels_row}, From<real>{net.b2.data(), 0},
                        keep(change, net.channels_row));
        finish_change(count * net.channels_row, change);
    }

    void forward_channel(int count, int channel, real* change) override {
        activate(count, false);
        const real* weights = net.w2.data() + channel * net.hidden_row;
        for (int m = 0; m < count; m++) {
            const real* neurons = layer.data() + m * net.hidden_row;
            real sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int h = 0; h < net.hidden_row; h++) sum += weights[h] * neurons[h];
            change[m] = sum + net.b2[channel];
        }
        finish_change(count, change);
    }

    void backward(int count, const real* grad) override {
        activate(count, true);
        const FromZero<real> zero;
        product<Number>(count, net.channels, net.hidden_row, {grad, net.channels_row}, {net.w2.data(), net.hidden_row},
                        zero, keep_gated(grad_layer.data(), net.hidden_row, gate()));
        finish_grad_layer(count);
        real *w1 = this->grad_w1.data(), *w2 = this->grad_w2_transposed.data();
        product<Number>(net.hidden_row, count, net.channels_row, {layer.data(), 1, net.hidden_row},
                        {grad, net.channels_row}, From<real>{w2, net.channels_row}, keep(w2, net.channels_row));
        product<Number>(net.hidden_row, count, net.perceived_row, {grad_layer.data(), 1, net.hidden_row},
                        {rows.data(), row()}, From<real>{w1, net.perceived_row}, keep(w1, net.perceived_row));
        product<Number>(count, net.hidden_row, net.perceived_row, {grad_layer.data(), net.hidden_row},
                        {net.w1.data(), net.perceived_row}, zero,
                        keep(this->grad_perceived.data(), net.perceived_row));
        finish_grad_perceived(count);
        add_up(count, net.hidden_row, grad_layer.data(), this->grad_b1.data());
        add_up(count, net.channels_row, grad, this->grad_b2.data());
    }
};
