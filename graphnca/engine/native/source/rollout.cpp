// Many steps of a rule on copies of a substrate, forward and backward, on the CPU: the functions of the library, by
// plain pointers, for graphnca/engine/native/library.py.

#include <stdexcept>

#include "backward.hpp"
#include "forward.hpp"

// A rollout under way, and what stays of it if its backward pass is to come.
template <class real>
struct Rollout {
    Setting<real> setting;
    std::unique_ptr<Tape<real>> tape;
    std::unique_ptr<Forward<real>> forward;
    std::unique_ptr<Backward<real>> backward;

    Rollout(const Problem& problem, const Parameters& parameters) : setting(problem, parameters) {}
};

template <class real>
static void* start_forward(const Problem& problem, const Parameters& parameters, const void* in, void* out,
                           const int32_t* keys, int num_steps, int keep_tape, void* overflow, void* moved) {
    auto rollout = std::make_unique<Rollout<real>>(problem, parameters);
    Setting<real>& setting = rollout->setting;
    setting.keys.assign(keys, keys + num_steps);
    if (keep_tape) rollout->tape = std::make_unique<Tape<real>>(num_steps, setting.num_threads);
    rollout->forward = std::make_unique<Forward<real>>(setting, rollout->tape.get(), static_cast<const real*>(in),
                                                       static_cast<real*>(out), static_cast<real*>(overflow),
                                                       static_cast<real*>(moved));
    return rollout.release();
}

template <class real>
static void start_backward(Rollout<real>& rollout, const void* final_states, const void* grad, const void* overflow,
                           const void* moved, const Gradients& gradients, void* start) {
    rollout.backward = std::make_unique<Backward<real>>(
        rollout.setting, *rollout.tape, static_cast<const real*>(final_states), static_cast<const real*>(grad),
        static_cast<const real*>(overflow), static_cast<const real*>(moved), gradients, static_cast<real*>(start));
}

// Steps of the pass that is under way, for some seconds; whether it has come to its end.
template <class real>
static bool go_on(Rollout<real>& rollout, double seconds) {
    const Time stop = in_seconds(seconds);
    if (rollout.backward) {
        if (!rollout.backward->run(stop)) return false;
        rollout.backward.reset();
    } else {
        if (!rollout.forward->run(stop)) return false;
        rollout.forward.reset();
    }
    return true;
}

enum Outcome { DONE, PAUSED, OUT_OF_MEMORY, TOO_FEW_THREADS, UNKNOWN };

// No exception leaves the library.
template <class Work>
static int outcome_of(Work work) {
    try {
        return work() ? DONE : PAUSED;
    } catch (const std::bad_alloc&) {
        return OUT_OF_MEMORY;
    } catch (const std::length_error&) {  // more than a vector may ever hold
        return OUT_OF_MEMORY;
    } catch (const TooFewThreads&) {
        return TOO_FEW_THREADS;
    } catch (...) {
        return UNKNOWN;
    }
}

extern "C" {
int graphnca_problem_bytes() { return sizeof(Problem); }

// Whether the processor multiplies numbers in bfloat16.
int graphnca_has_half_products() {
#ifdef HALF_PRODUCTS
    return 1;
#else
    return 0;
#endif
}

int graphnca_start_forward(int is_double, const Problem* problem, const Parameters* parameters, const void* in,
                           void* out, const int32_t* keys, int num_steps, int keep_tape, void* overflow, void* moved,
                           void** rollout) {
    return outcome_of([&] {
        auto chosen = is_double ? start_forward<double> : start_forward<float>;
        *rollout = chosen(*problem, *parameters, in, out, keys, num_steps, keep_tape, overflow, moved);
        return true;
    });
}

int graphnca_start_backward(int is_double, void* rollout, const void* final_states, const void* grad,
                            const void* overflow, const void* moved, const Gradients* gradients, void* start) {
    return outcome_of([&] {
        if (is_double)
            start_backward(*static_cast<Rollout<double>*>(rollout), final_states, grad, overflow, moved, *gradients,
                           start);
        else
            start_backward(*static_cast<Rollout<float>*>(rollout), final_states, grad, overflow, moved, *gradients,
                           start);
        return true;
    });
}

int graphnca_go_on(int is_double, void* rollout, double seconds) {
    return outcome_of([&] {
        return is_double ? go_on(*static_cast<Rollout<double>*>(rollout), seconds)
                         : go_on(*static_cast<Rollout<float>*>(rollout), seconds);
    });
}

void graphnca_free(int is_double, void* rollout) {
    if (is_double)
        delete static_cast<Rollout<double>*>(rollout);
    else
        delete static_cast<Rollout<float>*>(rollout);
}
}
