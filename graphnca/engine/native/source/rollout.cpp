// Many steps of a rule on copies of a substrate, forward and backward, on the CPU: the functions of the library, by
// plain pointers, for graphnca/engine/native/library.py.

#include "backward.hpp"
#include "forward.hpp"

// What stays of a rollout whose backward pass is to come.
template <class real>
struct Rollout {
    Setting<real> setting;
    std::unique_ptr<Tape<real>> tape;

    Rollout(const Problem& problem, const Parameters& parameters) : setting(problem, parameters) {}
};

template <class real>
static void* forward(const Problem* problem, const Parameters* parameters, const void* in, void* out,
                     const int32_t* keys, int num_steps, int keep_tape, void* overflow, void* moved) {
    auto rollout = std::make_unique<Rollout<real>>(*problem, *parameters);
    Setting<real>& setting = rollout->setting;
    setting.keys.assign(keys, keys + num_steps);
    if (keep_tape) rollout->tape = std::make_unique<Tape<real>>(num_steps, setting.num_threads);
    Forward<real>(setting, rollout->tape.get())
        .run(static_cast<const real*>(in), static_cast<real*>(out), static_cast<real*>(overflow),
             static_cast<real*>(moved));
    return keep_tape ? rollout.release() : nullptr;
}

// False if there are fewer threads than there were: each thread's part of the tape is its own.
template <class real>
static bool backward(void* handle, const void* final_states, const void* grad, const void* overflow, const void* moved,
                     const Gradients* gradients, void* start) {
    auto rollout = static_cast<Rollout<real>*>(handle);
    const FixedTeam team;
    if (threads_given(rollout->setting.num_threads) != rollout->setting.num_threads) return false;
    Backward<real>(rollout->setting, *rollout->tape)
        .run(static_cast<const real*>(final_states), static_cast<const real*>(grad), static_cast<const real*>(overflow),
             static_cast<const real*>(moved), *gradients, static_cast<real*>(start));
    return true;
}

extern "C" {
int graphnca_problem_bytes() { return sizeof(Problem); }

void* graphnca_forward(int is_double, const Problem* problem, const Parameters* parameters, const void* in, void* out,
                       const int32_t* keys, int num_steps, int keep_tape, void* overflow, void* moved) {
    auto chosen = is_double ? forward<double> : forward<float>;
    return chosen(problem, parameters, in, out, keys, num_steps, keep_tape, overflow, moved);
}

int graphnca_backward(int is_double, void* rollout, const void* final_states, const void* grad, const void* overflow,
                      const void* moved, const Gradients* gradients, void* start) {
    auto chosen = is_double ? backward<double> : backward<float>;
    return chosen(rollout, final_states, grad, overflow, moved, gradients, start);
}

void graphnca_free(int is_double, void* rollout) {
    if (is_double)
        delete static_cast<Rollout<double>*>(rollout);
    else
        delete static_cast<Rollout<float>*>(rollout);
}
}
