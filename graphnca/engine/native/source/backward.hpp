// The steps, backward: restores the states step by step and perceives again, instead of keeping perceived vectors.
//
// The gradient of a state is right on the rows that may hold one after the step under way. Nothing is added by two
// threads to one place, so for one number of threads it is repeatable to the bit.
#pragma once

#include <algorithm>
#include <vector>

#include "rows.hpp"

template <class real>
class Backward {
    using L = Lanes<real>;

    Setting<real>& given;
    const Problem& problem;
    const Tape<real>& tape;
    const int num_rows, channels, channels_row, num_threads;
    const long operators_row;

    Zeros<real> grads;         // of the states, (rows, channels_row)
    Zeros<int32_t> slots;      // where in `passed` an updated row has its bands; 0: the zeros that no row has
    Buffer<real> room;         // for them
    real* passed = nullptr;    // what the updated rows pass to those that they perceived, band by band
    std::vector<double> pull;  // gradient of each |change|, one a sample; empty: none
    Rows first;                // rows that the first step read
    Zeros<real> undone;        // the states are undone in place: on a copy, because the caller's are his
    const real* const grad_overflow;
    const Gradients gradients;
    real* const grad_start;
    int left;  // steps

  public:
    // Gradients of the parameters and, unless null, of the start (zeros), from the states that the forward pass left.
    Backward(Setting<real>& given, const Tape<real>& tape, const real* final_states, const real* grad_out,
             const real* grad_overflow, const real* grad_moved, const Gradients& gradients, real* grad_start)
        : given(given),
          problem(given.problem),
          tape(tape),
          num_rows(given.num_rows),
          channels(given.channels),
          channels_row(given.channels_row),
          num_threads(given.num_threads),
          operators_row(long(given.perception.operators) * channels_row),
          grads(long(num_rows) * channels_row),
          slots(num_rows),
          undone(long(num_rows) * channels_row),
          grad_overflow(grad_overflow),
          gradients(gradients),
          grad_start(grad_start),
          left(tape.steps.size()) {
        const Rows* holding = given.masked_before ? tape.steps.back().kept.get() : nullptr;  // others hold nothing
        given.states = undone.data();
        given.pad(holding, final_states, given.states);
        if (grad_out) given.pad(holding, grad_out, grads.data());
        if (grad_moved)
            for (int b = 0; b < problem.batch; b++)
                pull.push_back(grad_moved[b] / (double(problem.num_cells) * channels));
        for (auto& worker : given.workers) worker->space->start_gradients();
    }

    // Undoes steps until all are undone, or it is time to stop; whether all are.
    bool run(Time stop) {
        Phases phase(num_threads);
        bool pause = false;
        on_threads(num_threads, [&](int thread) {
            for (int step = left - 1; step >= 0 && !pause; step--)
                if (!undo(phase, thread, step, stop, pause)) return;
        });
        phase.check();
        if (left > 0) return false;
        for (int t = 1; t < num_threads; t++) given.workers[0]->space->add(*given.workers[t]->space);
        given.workers[0]->space->write(gradients);
        if (grad_start) given.unpad(given.masked_before ? &first : nullptr, grads.data(), grad_start);
        return true;
    }

  private:
    // A thread's part of a step. A phase ends where a row's state or gradient goes from one thread's hands into
    // another's: between the regularisers' gradients, which every thread adds to rows that it looks after, what it does
    // to the rows that it updated, what reads their neighbours, and what gathers from these.
    bool undo(Phases& phase, int thread, int step, Time stop, bool& pause) {
        const Step<real>& record = tape.steps[step];
        const Updated<real>& part = record.parts[thread];
        const bool passes = step > 0 || grad_start;
        if (!phase([&] {
                if (grad_overflow) add_overflow(part, grad_overflow);
            }))
            return false;
        if (!phase([&] {
                if (thread == 0) restore_the_dead(record), make_room(record);
                restore(thread, part, step);
            }))
            return false;
        if (!phase([&] { through_network(thread, record, step, passes); })) return false;
        if (passes && step == 0 && given.masked_before && !phase([&] {
                if (thread == 0) find_first(record);
            }))
            return false;
        if (passes && !phase([&] {
                if (step == 0 && problem.life_mask == POST) clear_all_but(thread, *record.kept);
                collect(thread, step > 0              ? tape.steps[step - 1].kept.get()
                                : given.masked_before ? &first
                                                      : nullptr);
            }))
            return false;
        return phase([&] {
            for (int i = 0; i < part.count; i++) slots.data()[row_of(part.rows[i])] = 0;
            if (thread == 0 && passes && !pull.empty()) add_change_of_the_dead(record);
            if (thread == 0) left = step, pause = is_over(stop);
        });
    }

    real* grad(long row) { return grads.data() + row * channels_row; }

    // The gradient of the overflow, at the states after the step.
    void add_overflow(const Updated<real>& part, const real* grad_overflow) {
        for (int32_t row : part.over)
            for (int c = 0; c < channels; c++)
                grad(row)[c] += 2 * grad_overflow[row / problem.num_cells] * given.excess(given.state(row)[c]);
    }

    // Of cells that died without an update, and what the mask took from those that keep some channels.
    void restore_the_dead(const Step<real>& record) {
        const real* before = record.died_before.data();
        for (int32_t row : record.died) {
            given.copy(before, given.state(row));
            given.clear(grad(row), row);
            before += channels_row;
        }
        for (int32_t row : record.hidden_zeroed) given.clear(grad(row), row);
    }

    // Restores the states before a step, and leaves what the network's output is to learn from in its thread's
    // `change`.
    void restore(int thread, const Updated<real>& part, int step) {
        real* wanted = given.workers[thread]->change.data(long(part.count) * channels_row);
        Sample sample(problem);
        for (int i = 0; i < part.count; i++, wanted += channels_row) {
            const int row = row_of(part.rows[i]);
            const bool zeroed = part.rows[i] < 0;
            real *now = given.state(row), *carried = grad(row);
            const real* before = part.before + long(i) * channels_row;
            if (zeroed) given.clear(carried, row);
            given.copy(carried, wanted);
            const bool pulled = !pull.empty() && !zeroed;
            if (pulled) {
                const auto rate = L::all(pull[sample.of(row)]);
                for (int c = 0; c < channels_row; c += L::count) {
                    const auto one = L::load(now + c), other = L::load(before + c);
                    const auto pulling = one > other ? rate : one < other ? -rate : typename L::vector{};
                    L::store(wanted + c, L::load(wanted + c) + pulling);
                }
            }
            std::fill_n(wanted, given.kept(row), real(0));
            if (problem.quantised) stop_at_ends(row, step, now, before, pulled, carried, wanted);
            given.copy(before, now);
        }
    }

    // In 8 bits, no gradient passes through a state or a change that came to lie on an end of its range.
    void stop_at_ends(int row, int step, const real* now, const real* before, bool pulled, real* carried,
                      real* wanted) const {
        for (int c = given.kept(row); c < channels; c++) {
            if (problem.fire_per_channel && !given.channel_fires(given.keys[step], row, c)) continue;
            const real change = now[c] - before[c];
            if (now[c] <= LEAST || now[c] >= MOST) {
                wanted[c] = 0;
                carried[c] = pulled ? -real(pull[row / problem.num_cells]) * ((change > 0) - (change < 0)) : 0;
            }
            wanted[c] *= change <= LEAST || change >= MOST ? 0 : given.net.output_scale;
        }
    }

    // Room for what all rows of a step pass on, behind the zeros.
    void make_room(const Step<real>& record) {
        passed = room.data(first_slot(record, record.parts.size()) * operators_row + 1);  // never null
        std::fill_n(passed, operators_row, real(0));
    }

    long first_slot(const Step<real>& record, int thread) const {
        long slot = 1;
        for (int t = 0; t < thread; t++) slot += record.parts[t].count;
        return slot;
    }

    // The network's backward pass; `passed` gets what goes to the neighbours, unless nothing does.
    void through_network(int thread, const Step<real>& record, int step, bool passes) {
        Worker<real>& own = *given.workers[thread];
        const Updated<real>& part = record.parts[thread];
        const long sums_row = long(MOST_OPERATORS) * channels_row, slot = first_slot(record, thread);
        real* wanted = own.change.data(long(part.count) * channels_row);
        if (problem.fire_per_channel)
            for (int i = 0; i < part.count; i++)
                for (int c = 0; c < channels; c++)
                    if (!given.channel_fires(given.keys[step], row_of(part.rows[i]), c))
                        wanted[long(i) * channels_row + c] = 0;
        for (int i = 0; i < part.count; i += BLOCK) {
            const int size = std::min(BLOCK, part.count - i);
            given.perceive(own, part.rows + i, size);
            own.space->backward(size, wanted + long(i) * channels_row);
            if (!passes) continue;
            for (int m = 0; m < size; m++) {
                const int row = row_of(part.rows[i + m]);
                const long to = slot + i + m;
                given.perception.split(own.space->grad_of_perceived(m),                                       own.sums.data(0) + m * sums_row, grad(row), passed + to * operators_row);
                slots.data()[row] = to;
            }
        }
    }

    // Adds to the gradients of the receivers (all rows for null) what those that perceived them pass on.
    void collect(int thread, const Rows* receivers) {
        if (!given.perception.operators) return;
        const Share share(receivers ? receivers->size() : num_rows, thread, num_threads);
        Sample sample(problem);
        for (int i = share.first; i < share.last; i++) {
            const int row = receivers ? (*receivers)[i] : i, base = sample.first_row(row);
            given.perception.collect(row - base, slots.data() + base, passed, grad(row));
        }
    }

    // The rows whose states the first step read: those it kept, those that its cells perceived, those that died in it.
    // Those that it did not keep pass nothing on but what was read of them.
    void find_first(const Step<real>& record) {
        first = *record.kept;
        Zeros<uint8_t> seen(num_rows);
        for (int32_t row : first) seen.data()[row] = 1;
        auto look = [&](int32_t row) {
            if (seen.data()[row]) return;
            seen.data()[row] = 1;
            std::fill_n(grad(row), channels_row, real(0));
            first.push_back(row);
        };
        for (const auto& part : record.parts)
            for (int i = 0; i < part.count; i++) {
                const int row = row_of(part.rows[i]), sample = row / problem.num_cells,
                          n = row - sample * problem.num_cells;
                const int32_t* index = problem.forward.index + n * problem.forward.width;
                if (given.perception.operators)
                    for (int k = 0; k < problem.forward.counts[n]; k++) look(sample * problem.num_cells + index[k]);
            }
        for (int32_t row : record.died) look(row);
    }

    // Where the mask is applied after the step alone, every row acts; those that the first step did not keep pass on
    // only what was read of them.
    void clear_all_but(int thread, const Rows& kept) {
        const Share share(num_rows, thread, num_threads);
        auto next = std::lower_bound(kept.begin(), kept.end(), share.first);
        for (int r = share.first; r < share.last; r++) {
            if (next != kept.end() && *next == r)
                next++;
            else
                std::fill_n(grad(r), channels_row, real(0));
        }
    }

    // |x| of what died, in the states before the step.
    void add_change_of_the_dead(const Step<real>& record) {
        auto add = [&](int32_t row, const real* before) {
            const real rate = pull[row / problem.num_cells];
            for (int c = given.kept(row); c < channels; c++) grad(row)[c] += rate * ((before[c] > 0) - (before[c] < 0));
        };
        for (size_t i = 0; i < record.died.size(); i++)
            add(record.died[i], record.died_before.data() + i * channels_row);
        for (const auto& part : record.parts)
            for (int i = 0; i < part.count; i++)
                if (part.rows[i] < 0) add(~part.rows[i], part.before + long(i) * channels_row);
    }
};
