// The update network in 8 bits: the ranges and the rounding of graphnca/layers/arithmetic/eight_bit.py, in levels.
#pragma once

#include <cmath>

#include "floats.hpp"

constexpr int LEAST = -127, MOST = 128;  // of states, perceived values and changes
constexpr int MOST_HIDDEN = 255;

// A NaN stays one.
template <class real>
static inline real clipped(real value, real low, real high) {
    return value < low ? low : value > high ? high : value;
}

// Each value becomes the nearest whole number (ties to even) to scale times itself, clipped to the range.
// `passes`, unless null, gets 1 where a gradient passes: where nothing was clipped, by the ReLU neither,
// which comes before a range that begins at 0.
template <class real>
static inline void round_row(real* values, int count, real scale, int least, int most, real* passes) {
    const real low = least, high = most;
    if (passes)
        for (int i = 0; i < count; i++) {
            const real whole = std::rint(values[i] * scale);
            passes[i] = whole >= low && whole <= high && (least < 0 || values[i] > 0);
        }
    for (int i = 0; i < count; i++) values[i] = clipped(std::rint(values[i] * scale), low, high);
}

// In floats that hold the sums exactly.
template <class real>
class LevelWorkspace : public FloatWorkspace<real> {
    using Base = FloatWorkspace<real>;
    Vector<real> passes, layer_passes;  // how gradients pass through the rounding of perceived vectors and layer

  protected:
    using Base::net, Base::layer;

    void activate(int count, bool learning) override {
        for (int m = 0; m < count; m++)
            round_row(this->perceived(m), net.perceived, real(1), LEAST, MOST,
                      learning ? passes.data() + m * net.perceived_row : nullptr);
        Base::activate(count, learning);
        round_row(layer.data(), count * net.hidden_row, net.hidden_scale, 0, MOST_HIDDEN,
                  learning ? layer_passes.data() : nullptr);
    }

    const real* gate() const override { return layer_passes.data(); }

    void finish_change(int count, real* change) const override {
        round_row<real>(change, count, net.output_scale, LEAST, MOST, nullptr);
    }

    void finish_grad_layer(int count) override {
        for (int i = 0; i < count * net.hidden_row; i++) this->grad_layer[i] *= net.hidden_scale;
    }

    void finish_grad_perceived(int count) override {
        for (int m = 0; m < count; m++)
            for (int p = 0; p < net.perceived; p++)
                this->grad_perceived[m * net.perceived_row + p] *= passes[m * net.perceived_row + p];
    }

  public:
    using Base::Base;

    void start_gradients() override {
        Base::start_gradients();
        passes.resize(BLOCK * net.perceived_row);
        layer_passes.resize(BLOCK * net.hidden_row);
    }
};
