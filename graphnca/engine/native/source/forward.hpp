// The steps, forward, without a pass over anything but the cells that live, fire or change.
//
// Every thread owns a share of the cells that may fire; a step is: choose who fires, perceive and compute the change
// (all states are still the old ones), apply it, settle who lives. Afterwards the tape holds the old states of the
// updated cells.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

#include "life.hpp"
#include "regularisers.hpp"
#include "rows.hpp"

template <class real>
class Forward {
    using L = Lanes<real>;

    // What one thread does in a step.
    struct Part {
        Worker<real>& worker;
        Buffer<int32_t> rows;
        Buffer<uint32_t> bits;
        Buffer<real> before;
        Updated<real> updated;          // rows, and after the update their former states
        Rows crossed, would_be_mature;  // rows that crossed the threshold; of the frontier, that would have
        typename Regularisers<real>::Sums sums;
        explicit Part(Worker<real>& worker) : worker(worker) {}
    };

    Setting<real>& given;
    const Problem& problem;
    const int num_rows, channels, channels_row, num_threads;
    Tape<real>* const tape;  // or null

    Vector<real> own_states;  // where rows are filled up to whole vectors
    Life life;
    std::vector<std::unique_ptr<Part>> parts;
    std::vector<uint8_t> updated_now;  // rows of this step; kept where the mask is applied after it
    Regularisers<real> regularisers;
    std::shared_ptr<const Rows> alive_before, held_before;  // the last answer of `held`
    real *const out, *const overflow_out, *const moved_out;
    int taken = 0;  // steps

  public:
    // Steps from `in` to `out` (rows, channels; zeros), one step a key.
    Forward(Setting<real>& given, Tape<real>* tape, const real* in, real* out, real* overflow_out, real* moved_out)
        : given(given),
          problem(given.problem),
          num_rows(given.num_rows),
          channels(given.channels),
          channels_row(given.channels_row),
          num_threads(given.num_threads),
          tape(tape),
          life(problem),
          regularisers(given),
          out(out),
          overflow_out(overflow_out),
          moved_out(moved_out) {
        for (const auto& worker : given.workers) parts.push_back(std::make_unique<Part>(*worker));
        start(in);
    }

    // Takes steps until all are taken, or it is time to stop; whether all are.
    bool run(Time stop) {
        Phases phase(num_threads);
        bool pause = false;
        on_threads(num_threads, [&](int thread) {
            for (int step = taken; step < int(given.keys.size()) && !pause; step++) {
                if (!phase([&] { compute(thread, step); })) return;
                if (!phase([&] { apply(thread, step); })) return;
                if (!phase([&] {
                        if (thread == 0) settle(step), taken = step + 1, pause = is_over(stop);
                    }))
                    return;
                if (given.masked_after && !phase([&] { mask_after(thread); })) return;
                // only reads states, as does what follows
                if (given.measured) phase.part([&] { measure(thread, step); });
            }
        });
        phase.check();
        if (taken < int(given.keys.size())) return false;
        finish();
        return true;
    }

  private:
    void finish() {
        if (channels != channels_row) given.unpad(nullptr, given.states, out);
        for (const auto& part : parts) regularisers.add(part->sums);
        regularisers.write(overflow_out, moved_out);
    }

    // The given living rows and those that keep channels, which hold a state whether they live or not.
    std::shared_ptr<const Rows> held(const std::shared_ptr<const Rows>& alive) {
        if (given.keeping.empty()) return alive;
        if (alive != alive_before) {
            auto both = std::make_shared<Rows>();
            both->reserve(alive->size() + given.keeping.size());
            std::set_union(alive->begin(), alive->end(), given.keeping.begin(), given.keeping.end(),
                           std::back_inserter(*both));
            alive_before = alive, held_before = both;
        }
        return held_before;
    }

    // Takes in the states, in one pass: who holds a state, who is mature, who is beyond the bound. `out` holds zeros.
    void start(const real* in) {
        if (channels == channels_row) {
            given.states = out;
        } else {
            own_states.resize(long(num_rows) * channels_row);
            given.states = own_states.data();
        }
        if (given.masked_after) updated_now.assign(num_rows, 0);
        std::vector<Rows> holding(num_threads);
        Phases phase(num_threads);
        on_threads(num_threads, [&](int thread) { phase.part([&] { take_in(thread, in, holding[thread]); }); });
        phase.check();
        if (given.masked) {
            Rows support;
            for (const Rows& rows : holding) support.insert(support.end(), rows.begin(), rows.end());
            life.start(support);
        }
    }

    void take_in(int thread, const real* in, Rows& holding) {
        Part& own = *parts[thread];
        regularisers.start(own.sums);
        const Share share(num_rows, thread, num_threads);
        for (int r = share.first; r < share.last; r++) {
            const real* from = in + long(r) * channels;
            real* to = given.state(r);
            bool holds = false;
            for (int c = 0; c < channels; c++) holds |= from[c] != 0;
            if (!holds) continue;  // zero already, and on a large substrate not even touched
            std::copy_n(from, channels, to);
            if (given.masked) {
                holding.push_back(r);
                life.mature[r] = given.is_mature(to[problem.alpha]);
            }
            if (given.measured) regularisers.look_at(r, own.sums);
        }
    }

    // Which of the given rows fire (all of them, where channels fire on their own); returns how many.
    int choose(const int32_t* candidates, int first, int count, uint32_t key, Part& own, int32_t* chosen) {
        auto candidate = [&](int i) { return candidates ? candidates[first + i] : first + i; };
        if (problem.fire_per_channel) {
            for (int i = 0; i < count; i++) chosen[i] = candidate(i);
            return count;
        }
        uint32_t* bits = own.bits.data(count);
        if (candidates) {
            for (int i = 0; i < count; i++) bits[i] = draw(key, candidates[first + i]);
        } else {
            for (int i = 0; i < count; i++) bits[i] = draw(key, first + i);
        }
        int n = 0;
        for (int i = 0; i < count; i++) {
            const int32_t row = candidate(i);
            chosen[n] = row;
            n += bits[i] < given.fire_threshold(row);
        }
        return n;
    }

    void compute(int thread, int step) {
        Part& own = *parts[thread];
        const Rows* candidates = given.masked_before ? life.living.rows.get() : nullptr;
        const Share share(candidates ? candidates->size() : num_rows, thread, num_threads);
        Arena* arena = tape ? &tape->arenas[thread] : nullptr;
        int32_t* rows = own.rows.data(share.size() + 1);
        const int count =
            choose(candidates ? candidates->data() : nullptr, share.first, share.size(), given.keys[step], own, rows);
        if (arena) rows = std::copy_n(rows, count, arena->take<int32_t>(count)) - count;
        own.updated.rows = rows, own.updated.count = count;
        own.updated.before =
            arena ? arena->take<real>(long(count) * channels_row) : own.before.data(long(count) * channels_row);
        real* change = own.worker.change.data(long(count) * channels_row);
        for (int i = 0; i < count; i += BLOCK) {
            const int size = std::min(BLOCK, count - i);
            given.perceive(own.worker, rows + i, size);
            own.worker.space->forward(size, change + long(i) * channels_row);
        }
        if (problem.life_mask == PRE_POST) find_would_be_mature(thread, step);
    }

    // Dead cells that living ones hear, and whose alpha this step would lift over the threshold: they die again, but keep
    // those alive.
    void find_would_be_mature(int thread, int step) {
        Part& own = *parts[thread];
        const Rows& frontier = *life.frontier.rows;
        const Share share(frontier.size(), thread, num_threads);
        own.would_be_mature.clear();
        Rows chosen(share.size() + 1);
        const int count = choose(frontier.data(), share.first, share.size(), given.keys[step], own, chosen.data());
        real change[BLOCK];
        for (int i = 0; i < count; i += BLOCK) {
            const int size = std::min(BLOCK, count - i);
            given.perceive(own.worker, chosen.data() + i, size);
            own.worker.space->forward_channel(size, problem.alpha, change);
            for (int m = 0; m < size; m++) {
                const int row = chosen[i + m];
                if (given.kept(row) > problem.alpha) continue;
                if (problem.fire_per_channel && !given.channel_fires(given.keys[step], row, problem.alpha)) continue;
                if (given.is_mature(given.state(row)[problem.alpha] + change[m])) own.would_be_mature.push_back(row);
            }
        }
    }

    void apply(int thread, int step) {
        Part& own = *parts[thread];
        Updated<real>& part = own.updated;
        real* change = own.worker.change.data(long(part.count) * channels_row);
        own.crossed.clear();
        for (int i = 0; i < part.count; i++) {
            const int row = part.rows[i];
            real* now = given.state(row);
            add_change(now, row, step, change + long(i) * channels_row, part.before + long(i) * channels_row);
            if (given.masked && given.is_mature(now[problem.alpha]) != bool(life.mature[row])) own.crossed.push_back(row);
            if (given.masked_after) updated_now[row] = 1;
        }
        if (given.measured && !given.masked_after) regularisers.add_changes(part, own.sums);
        if (given.measured) regularisers.look_at(part, own.sums);
        if (tape) tape->steps[step].parts[thread] = part;  // without `over`, which is found later
    }

    // The state after an update without the life mask; `before` gets the one that was.
    void add_change(real* now, int row, int step, const real* change, real* before) {
        given.copy(now, before);
        if (problem.fire_per_channel || given.kept(row)) {
            for (int c = given.kept(row); c < channels; c++)
                if (!problem.fire_per_channel || given.channel_fires(given.keys[step], row, c)) now[c] += change[c];
        } else {
            for (int c = 0; c < channels_row; c += L::count) L::store(now + c, L::load(now + c) + L::load(change + c));
        }
        if (problem.quantised)
            for (int c = 0; c < channels_row; c += L::count) {  // what is kept lies in the range already
                const auto value = L::load(now + c), low = L::all(LEAST), high = L::all(MOST);
                L::store(now + c, value < low ? low : value > high ? high : value);
            }
    }

    // The one part of a step that is not shared out: cells that crossed the threshold, or died.
    void settle(int step) {
        Step<real>* record = tape ? &tape->steps[step] : nullptr;
        if (!given.masked) return;
        Rows crossed, would_be_mature;
        for (const auto& part : parts) {
            crossed.insert(crossed.end(), part->crossed.begin(), part->crossed.end());
            would_be_mature.insert(would_be_mature.end(), part->would_be_mature.begin(), part->would_be_mature.end());
        }
        const auto candidates = life.living.rows;
        life.settle(crossed, would_be_mature);
        if (record) {
            const auto& alive = problem.life_mask == POST ? life.living.rows : candidates;
            record->kept = held(alive);
            Rows& zeroed = record->hidden_zeroed;
            std::set_difference(given.hidden_only.begin(), given.hidden_only.end(), alive->begin(), alive->end(),
                                std::back_inserter(zeroed));
            if (given.masked_after)  // mask_after does it for those
                zeroed.erase(std::remove_if(zeroed.begin(), zeroed.end(), [&](int row) { return updated_now[row]; }),
                             zeroed.end());
        }
        for (int32_t row : life.zeroed) {
            if (given.kept(row) == channels) continue;
            if (given.masked_after && updated_now[row]) continue;  // mask_after does it
            real* now = given.state(row);
            if (given.measured) regularisers.add_death(row);
            if (record)
                record->died.push_back(row),
                    record->died_before.insert(record->died_before.end(), now, now + channels_row);
            given.clear(now, row);
        }
    }

    void measure(int thread, int step) {
        const Rows& over = regularisers.add_excess(parts[thread]->sums);
        if (tape) tape->steps[step].parts[thread].over = over;
    }

    void mask_after(int thread) {
        Part& own = *parts[thread];
        Updated<real>& part = own.updated;
        for (int i = 0; i < part.count; i++) {
            const int row = part.rows[i];
            real* now = given.state(row);
            updated_now[row] = 0;
            if (!life.keeps(row)) {
                given.clear(now, row);
                part.rows[i] = ~row;
            }
        }
        if (given.measured) regularisers.add_changes(part, own.sums);
    }
};
