// Many steps of a rule on copies of a substrate, forward and backward, on the CPU: what graphnca/engine/lists does with
// PyTorch's operations, without a pass over anything but the cells that live, fire or change.
//
// Every thread owns a share of the cells that may fire; a step is: choose who fires, perceive and compute the change
// (all states are still the old ones), apply it, settle who lives. The tape holds the old states of the updated cells,
// so the backward pass restores the states step by step and perceives again instead of keeping perceived vectors.

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num() { return 0; }
static int omp_get_num_threads() { return 1; }
static int omp_get_dynamic() { return 0; }
static void omp_set_dynamic(int) {}
#endif

#include "barrier.hpp"
#include "firing.hpp"
#include "life.hpp"
#include "network.hpp"
#include "perception.hpp"
#include "tape.hpp"

// Room without construction: what is in it is written before it is read.
template <class T>
class Buffer {
    std::unique_ptr<T[]> memory;
    size_t size = 0;

  public:
    T* data(size_t count) {
        if (count > size) memory.reset(new T[size = count + count / 4]);
        return memory.get();
    }
};

// Zeros that take no memory where nobody writes.
template <class T>
class Zeros {
    std::unique_ptr<T, void (*)(void*)> memory;

  public:
    explicit Zeros(size_t count) : memory(static_cast<T*>(std::calloc(count, sizeof(T))), std::free) {}
    T* data() { return memory.get(); }
};

struct Share {
    int first, last;
    Share(int count, int thread, int num_threads)
        : first(long(count) * thread / num_threads), last(long(count) * (thread + 1) / num_threads) {}
    int size() const { return last - first; }
};

// While it lives, as many threads start as are asked for, not as many as the machine's load suggests.
class FixedTeam {
    const int before = omp_get_dynamic();

  public:
    FixedTeam() { omp_set_dynamic(0); }
    ~FixedTeam() { omp_set_dynamic(before); }
};

// How many threads there really are when so many are asked for: inside another parallel region, one.
static int threads_given(int wanted) {
    const FixedTeam team;
    int given = 1;
#pragma omp parallel num_threads(wanted)
    if (omp_get_thread_num() == 0) given = omp_get_num_threads();
    return given;
}

template <class real>
class Rollout {
    using L = Lanes<real>;

    // What one thread works with.
    struct Worker {
        Workspace<real> space;
        Buffer<int32_t> rows;
        Buffer<uint32_t> bits;
        Buffer<real> change, before, sums;
        Updated<real> updated;  // rows, and after the update their former states
        Rows crossed, ripened;
        Rows over;                            // rows beyond the bound that this thread found and looks after
        std::vector<double> moved, overflow;  // sum of |change| and of squared excess, one a sample
        explicit Worker(const Network<real>& net) : space(net) {}
    };

    const Problem problem;
    const Perception<real> perception;
    const Network<real> net;
    const int num_rows, channels, channels_row, num_threads;
    const bool masked, masked_before, masked_after, measured;
    const real threshold, bound;

    std::vector<int32_t> kept_by_row;  // empty: nothing is kept
    std::vector<real> own_states;      // where rows are filled up to whole vectors
    real* states = nullptr;
    Life life;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<uint8_t> updated_now;  // rows of this step; kept where the mask is applied after it
    std::vector<uint8_t> exceeds;
    std::vector<double> moved;  // by cells that died without an update
    Rows keeping, thinking;     // rows that keep channels; those of them that keep some and not all
    std::shared_ptr<const Rows> alive_before, held_before;  // the last answer of `held`

  public:
    std::vector<uint32_t> keys;
    std::unique_ptr<Tape<real>> tape;

    Rollout(const Problem& given, const Parameters& parameters)
        : problem(given),
          perception(problem),
          net(parameters, perception.perceived, problem),
          num_rows(problem.num_rows()),
          channels(problem.channels),
          channels_row(L::rounded_up(channels)),
          num_threads(threads_given(problem.num_threads)),
          masked(problem.life_mask != NONE),
          masked_before(problem.life_mask == PRE || problem.life_mask == PRE_POST),
          masked_after(problem.life_mask == POST || problem.life_mask == PRE_POST),
          measured(problem.overflow_bound >= 0),
          threshold(problem.alive_threshold),
          bound(problem.overflow_bound),
          life(problem),
          moved(problem.batch) {
        for (int t = 0; t < num_threads; t++) workers.push_back(std::make_unique<Worker>(net));
        if (!problem.kept) return;
        kept_by_row.assign(problem.kept, problem.kept + num_rows);
        for (int r = 0; r < num_rows; r++) {
            if (kept_by_row[r]) keeping.push_back(r);
            if (kept_by_row[r] && kept_by_row[r] < channels) thinking.push_back(r);
        }
    }

    // Steps from `in` to `out` (rows, channels; zeros), one step a key.
    void forward(const real* in, real* out, const int32_t* keys_given, int num_steps, bool keep_tape,
                 real* overflow_out, real* moved_out) {
        keys.assign(keys_given, keys_given + num_steps);
        if (keep_tape) tape = std::make_unique<Tape<real>>(num_steps, num_threads);
        const FixedTeam team;
        start(in, out);
        Barrier barrier(num_threads);
#pragma omp parallel num_threads(num_threads)
        {
            const int thread = omp_get_thread_num();
            for (int step = 0; step < num_steps; step++) {
                compute(thread, step);
                barrier.wait();
                apply(thread, step);
                barrier.wait();
                if (thread == 0) settle(step);
                barrier.wait();
                if (masked_after) {
                    mask_after(thread);
                    barrier.wait();
                }
                if (measured) exceed(thread, step);  // only reads states, as does what follows
            }
        }
        if (channels != channels_row) unpad(nullptr, states, out);
        for (const auto& worker : workers)
            for (int b = 0; b < problem.batch; b++) moved[b] += worker->moved[b];
        for (int b = 0; b < problem.batch; b++) {
            double overflow = 0;
            for (const auto& worker : workers) overflow += worker->overflow[b];
            overflow_out[b] = overflow;
            moved_out[b] = moved[b] / (double(problem.num_cells) * channels);
        }
    }

    // Gradients of the parameters and, unless null, of the start (zeros); needs the tape, and the states as `forward`
    // left them. False if there are fewer threads than there were.
    bool backward(const real* final_states, const real* grad_out, const real* grad_overflow, const real* grad_moved,
                 const Gradients& gradients, real* grad_start) {
        const FixedTeam team;
        if (threads_given(num_threads) != num_threads) return false;  // each thread's part of the tape is its own
        // the states are undone in place: on a copy, because the caller's are his
        Zeros<real> undone(long(num_rows) * channels_row), grad(long(num_rows) * channels_row);
        Zeros<int32_t> slots(num_rows);
        const Rows* holding = masked_before ? tape->steps.back().kept.get() : nullptr;  // others hold nothing
        states = undone.data();
        pad(holding, final_states, states);
        if (grad_out) pad(holding, grad_out, grad.data());
        Rows first;  // rows that the first step looked at
        std::vector<double> pull(problem.batch);
        if (grad_moved)
            for (int b = 0; b < problem.batch; b++) pull[b] = grad_moved[b] / (double(problem.num_cells) * channels);
        for (auto& worker : workers) worker->space.start_gradients();
        Buffer<real> bands;
        const long bands_row = long(perception.bands) * channels_row;
        const int num_steps = tape->steps.size();
        real* passed = nullptr;
        Barrier barrier(num_threads);
#pragma omp parallel num_threads(num_threads)
        {
            const int thread = omp_get_thread_num();
            Worker& own = *workers[thread];
            for (int step = num_steps - 1; step >= 0; step--) {
                const Step<real>& record = tape->steps[step];
                const bool passes = step > 0 || grad_start;
                if (grad_overflow) pull_back(record.parts[thread], grad_overflow, grad.data());
                barrier.wait();
                if (thread == 0) {
                    undo_deaths(record, grad.data());
                    int slot = 1;
                    for (const auto& part : record.parts) slot += part.count;
                    passed = bands.data(slot * bands_row + 1);  // never null
                    std::fill_n(passed, bands_row, real(0));
                }
                barrier.wait();
                int slot = 1;
                for (int t = 0; t < thread; t++) slot += record.parts[t].count;
                undo(own, record.parts[thread], step, grad.data(), grad_moved ? pull.data() : nullptr);
                barrier.wait();
                learn(own, record.parts[thread], step, grad.data(), passes ? passed : nullptr, slots.data(), slot);
                barrier.wait();
                if (passes) {
                    if (step == 0 && masked_before) {
                        if (thread == 0) first = looked_at(record, grad.data());
                        barrier.wait();
                    }
                    if (step == 0 && problem.life_mask == POST) forget_the_dead(thread, *record.kept, grad.data());
                    const Rows* receivers = step > 0        ? tape->steps[step - 1].kept.get()
                                            : masked_before ? &first
                                                            : nullptr;
                    collect(thread, receivers, grad.data(), passed, slots.data());
                    barrier.wait();
                }
                for (int i = 0; i < record.parts[thread].count; i++)
                    slots.data()[row_of(record.parts[thread].rows[i])] = 0;
                if (thread == 0 && grad_moved && passes) pull_dead(record, pull, grad.data());
                barrier.wait();
            }
        }
        for (int t = 1; t < num_threads; t++) workers[0]->space.add(workers[t]->space);
        workers[0]->space.write(gradients);
        if (grad_start) unpad(masked_before ? &first : nullptr, grad.data(), grad_start);
        states = nullptr;
        return true;
    }

  private:
    static int32_t row_of(int32_t entry) { return entry < 0 ? ~entry : entry; }

    real* state(long row) { return states + row * channels_row; }

    // How many channels of a row keep their values, the first ones.
    int kept(int row) const { return kept_by_row.empty() ? 0 : kept_by_row[row]; }

    // Zeroes what of a row doesn't keep its values: of a state, or of a gradient.
    void clear(real* of_row, int row) const {
        std::fill_n(of_row + kept(row), channels_row - kept(row), real(0));
    }

    // The given living rows and those that keep channels, which hold a state whether they live or not.
    std::shared_ptr<const Rows> held(const std::shared_ptr<const Rows>& alive) {
        if (keeping.empty()) return alive;
        if (alive != alive_before) {
            auto both = std::make_shared<Rows>();
            both->reserve(alive->size() + keeping.size());
            std::set_union(alive->begin(), alive->end(), keeping.begin(), keeping.end(), std::back_inserter(*both));
            alive_before = alive, held_before = both;
        }
        return held_before;
    }

    // Copies the given rows (all of them for null) to whole vectors and back; what is beyond a row's end stays.
    void pad(const Rows* rows, const real* from, real* to) const {
        const int count = rows ? rows->size() : num_rows;
#pragma omp parallel for num_threads(num_threads)
        for (int i = 0; i < count; i++) {
            const long r = rows ? (*rows)[i] : i;
            std::copy_n(from + r * channels, channels, to + r * channels_row);
        }
    }

    void unpad(const Rows* rows, const real* from, real* to) const {
        const int count = rows ? rows->size() : num_rows;
#pragma omp parallel for num_threads(num_threads)
        for (int i = 0; i < count; i++) {
            const long r = rows ? (*rows)[i] : i;
            std::copy_n(from + r * channels_row, channels, to + r * channels);
        }
    }

    // Takes in the states, in one pass: who holds a state, who is mature, who is beyond the bound. `out` holds zeros.
    void start(const real* in, real* out) {
        if (channels == channels_row) {
            states = out;
        } else {
            own_states.resize(long(num_rows) * channels_row);
            states = own_states.data();
        }
        if (masked_after) updated_now.assign(num_rows, 0);
        if (measured) exceeds.assign(num_rows, 0);
        std::vector<Rows> holding(num_threads);
#pragma omp parallel num_threads(num_threads)
        {
            const int thread = omp_get_thread_num();
            Worker& own = *workers[thread];
            own.moved.assign(problem.batch, 0), own.overflow.assign(problem.batch, 0);
            const Share share(num_rows, thread, num_threads);
            for (int r = share.first; r < share.last; r++) {
                const real* from = in + long(r) * channels;
                real* to = state(r);
                bool holds = false;
                for (int c = 0; c < channels; c++) holds |= from[c] != 0;
                if (!holds) continue;  // zero already, and on a large substrate not even touched
                std::copy_n(from, channels, to);
                if (masked) {
                    holding[thread].push_back(r);
                    life.mature[r] = to[problem.alpha] > threshold;
                }
                if (measured && beyond(to)) exceeds[r] = 1, own.over.push_back(r);
            }
        }
        if (masked) {
            Rows support;
            for (const Rows& rows : holding) support.insert(support.end(), rows.begin(), rows.end());
            life.start(support);
        }
    }

    bool beyond(const real* row) const {
        bool any = false;
        for (int c = 0; c < channels; c++) any |= row[c] > bound || row[c] < -bound;
        return any;
    }

    uint32_t fire_threshold(int row) const {
        if (kept(row) == channels) return 0;
        return problem.fire_thresholds ? problem.fire_thresholds[row] : problem.fire_threshold;
    }

    // Which of the given rows fire (all of them, where channels fire on their own); returns how many.
    int choose(const int32_t* candidates, int first, int count, uint32_t key, Worker& own, int32_t* chosen) {
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
            n += bits[i] < fire_threshold(row);
        }
        return n;
    }

    bool channel_fires(uint32_t key, int row, int c) const {
        return draw(key, uint32_t(row) * channels + c) < fire_threshold(row);
    }

    // Perceived vectors of up to BLOCK rows.
    void perceive(Worker& own, const int32_t* rows, int count, bool learning = false) {
        const long sums_row = long(MOST_BANDS) * channels_row;
        real* sums = own.sums.data(BLOCK * sums_row);
        for (int m = 0; m < count; m++) {
            const int row = row_of(rows[m]), sample = row / problem.num_cells, base = sample * problem.num_cells;
            perception.sums(row - base, state(base), sums + m * sums_row);
            perception.compose(state(row), sums + m * sums_row, own.space.perceived(m));
        }
        if (problem.quantised) own.space.round_perceived(count, learning);
    }

    void compute(int thread, int step) {
        Worker& own = *workers[thread];
        const Rows* candidates = masked_before ? life.living.rows.get() : nullptr;
        const Share share(candidates ? candidates->size() : num_rows, thread, num_threads);
        Arena* arena = tape ? &tape->arenas[thread] : nullptr;
        int32_t* rows = own.rows.data(share.size() + 1);
        const int count =
            choose(candidates ? candidates->data() : nullptr, share.first, share.size(), keys[step], own, rows);
        if (arena) rows = std::copy_n(rows, count, arena->take<int32_t>(count)) - count;
        own.updated.rows = rows, own.updated.count = count;
        own.updated.before =
            arena ? arena->take<real>(long(count) * channels_row) : own.before.data(long(count) * channels_row);
        real* change = own.change.data(long(count) * channels_row);
        for (int i = 0; i < count; i += BLOCK) {
            const int size = std::min(BLOCK, count - i);
            perceive(own, rows + i, size);
            own.space.forward(size, change + long(i) * channels_row);
        }
        if (problem.life_mask == PRE_POST) ripen(thread, step);
    }

    // Dead cells beside living ones whose alpha this step would lift over the threshold: they die again, but keep a
    // neighbour alive.
    void ripen(int thread, int step) {
        Worker& own = *workers[thread];
        const Rows& rim = *life.rim.rows;
        const Share share(rim.size(), thread, num_threads);
        own.ripened.clear();
        Rows chosen(share.size() + 1);
        const int count = choose(rim.data(), share.first, share.size(), keys[step], own, chosen.data());
        real change[BLOCK];
        for (int i = 0; i < count; i += BLOCK) {
            const int size = std::min(BLOCK, count - i);
            perceive(own, chosen.data() + i, size);
            own.space.forward_channel(size, problem.alpha, change);
            for (int m = 0; m < size; m++) {
                const int row = chosen[i + m];
                if (kept(row) > problem.alpha) continue;
                if (problem.fire_per_channel && !channel_fires(keys[step], row, problem.alpha)) continue;
                if (state(row)[problem.alpha] + change[m] > threshold) own.ripened.push_back(row);
            }
        }
    }

    void apply(int thread, int step) {
        Worker& own = *workers[thread];
        Updated<real>& part = own.updated;
        const real* change = own.change.data(long(part.count) * channels_row);
        own.crossed.clear();
        for (int i = 0; i < part.count; i++, change += channels_row) {
            const int row = part.rows[i];
            real *now = state(row), *before = part.before + long(i) * channels_row;
            std::copy_n(now, channels_row, before);
            for (int c = kept(row); c < channels; c++)
                if (!problem.fire_per_channel || channel_fires(keys[step], row, c)) now[c] += change[c];
            if (problem.quantised)
                for (int c = kept(row); c < channels; c++) now[c] = clipped<real>(now[c], LEAST, MOST);
            if (masked && (now[problem.alpha] > threshold) != life.mature[row]) own.crossed.push_back(row);
            if (masked_after) updated_now[row] = 1;
            if (!measured) continue;
            if (!masked_after) own.moved[row / problem.num_cells] += distance(now, before);
            if (!exceeds[row] && beyond(now)) exceeds[row] = 1, own.over.push_back(row);
        }
        if (tape) tape->steps[step].parts[thread] = part;  // without `over`, which is found later
    }

    double distance(const real* one, const real* two) const {
        real sum = 0;
        for (int c = 0; c < channels; c++) sum += std::abs(one[c] - two[c]);
        return sum;
    }

    // The one part of a step that is not shared out: cells that crossed the threshold, or died.
    void settle(int step) {
        Step<real>* record = tape ? &tape->steps[step] : nullptr;
        if (!masked) return;
        Rows crossed, ripened;
        for (const auto& worker : workers) {
            crossed.insert(crossed.end(), worker->crossed.begin(), worker->crossed.end());
            ripened.insert(ripened.end(), worker->ripened.begin(), worker->ripened.end());
        }
        const auto candidates = life.living.rows;
        life.settle(crossed, ripened);
        if (record) {
            const auto& alive = problem.life_mask == POST ? life.living.rows : candidates;
            record->kept = held(alive);
            std::set_difference(thinking.begin(), thinking.end(), alive->begin(), alive->end(),
                                std::back_inserter(record->thoughtless));
        }
        for (int32_t row : life.zeroed) {
            if (kept(row) == channels) continue;
            if (masked_after && updated_now[row]) continue;  // mask_after does it
            real* now = state(row);
            if (measured)
                for (int c = kept(row); c < channels; c++) moved[row / problem.num_cells] += std::abs(now[c]);
            if (record)
                record->died.push_back(row),
                    record->died_before.insert(record->died_before.end(), now, now + channels_row);
            clear(now, row);
        }
    }

    // The overflow after a step, over the rows that a thread looks after; lets go of those that are back in bounds.
    void exceed(int thread, int step) {
        Worker& own = *workers[thread];
        size_t left = 0;
        for (int32_t row : own.over) {
            const real* now = state(row);
            real sum = 0;
            for (int c = 0; c < channels; c++) sum += excess(now[c]) * excess(now[c]);
            own.overflow[row / problem.num_cells] += sum;
            exceeds[row] = beyond(now);
            own.over[left] = row;
            left += exceeds[row];
        }
        own.over.resize(left);
        if (tape) tape->steps[step].parts[thread].over = own.over;
    }

    real excess(real value) const { return value > bound ? value - bound : value < -bound ? value + bound : 0; }

    void mask_after(int thread) {
        Worker& own = *workers[thread];
        Updated<real>& part = own.updated;
        for (int i = 0; i < part.count; i++) {
            const int row = part.rows[i];
            real* now = state(row);
            updated_now[row] = 0;
            if (!life.keeps(row)) {
                clear(now, row);
                part.rows[i] = ~row;
            }
            if (measured) own.moved[row / problem.num_cells] += distance(now, part.before + long(i) * channels_row);
        }
    }

    // The gradient of the overflow, at the states after the step.
    void pull_back(const Updated<real>& part, const real* grad_overflow, real* grad) {
        for (int32_t row : part.over)
            for (int c = 0; c < channels; c++)
                grad[long(row) * channels_row + c] +=
                    2 * grad_overflow[row / problem.num_cells] * excess(state(row)[c]);
    }

    void undo_deaths(const Step<real>& record, real* grad) {
        const real* before = record.died_before.data();
        for (int32_t row : record.died) {
            std::copy_n(before, channels_row, state(row));
            clear(grad + long(row) * channels_row, row);
            before += channels_row;
        }
        for (int32_t row : record.thoughtless) clear(grad + long(row) * channels_row, row);
    }

    // Restores the states before a step, and leaves what the network's output is to learn from in `own.change`.
    void undo(Worker& own, const Updated<real>& part, int step, real* grad, const double* pull) {
        real* wanted = own.change.data(long(part.count) * channels_row);
        for (int i = 0; i < part.count; i++, wanted += channels_row) {
            const int row = row_of(part.rows[i]);
            const bool zeroed = part.rows[i] < 0;
            real *now = state(row), *carried = grad + long(row) * channels_row;
            const real* before = part.before + long(i) * channels_row;
            if (zeroed) clear(carried, row);
            std::copy_n(carried, channels_row, wanted);
            if (pull && !zeroed) {
                const real rate = pull[row / problem.num_cells];
                for (int c = 0; c < channels; c++) wanted[c] += rate * ((now[c] > before[c]) - (now[c] < before[c]));
            }
            std::fill_n(wanted, kept(row), real(0));
            if (problem.quantised)
                stop_at_ends(row, step, now, before, pull && !zeroed ? pull : nullptr, carried, wanted);
            std::copy_n(before, channels_row, now);
        }
    }

    // In 8 bits, no gradient passes through a state or a change that came to lie on an end of its range.
    void stop_at_ends(int row, int step, const real* now, const real* before, const double* pull, real* carried,
                      real* wanted) const {
        for (int c = kept(row); c < channels; c++) {
            if (problem.fire_per_channel && !channel_fires(keys[step], row, c)) continue;
            const real change = now[c] - before[c];
            if (now[c] <= LEAST || now[c] >= MOST) {
                wanted[c] = 0;
                carried[c] = pull ? -real(pull[row / problem.num_cells]) * ((change > 0) - (change < 0)) : 0;
            }
            wanted[c] *= change <= LEAST || change >= MOST ? 0 : net.output_scale;
        }
    }

    // The network's backward pass; `passed` gets what goes to the neighbours, row by row from `slot` on.
    void learn(Worker& own, const Updated<real>& part, int step, real* grad, real* passed, int32_t* slots, int slot) {
        const long bands_row = long(perception.bands) * channels_row, sums_row = long(MOST_BANDS) * channels_row;
        real* wanted = own.change.data(long(part.count) * channels_row);
        if (problem.fire_per_channel)
            for (int i = 0; i < part.count; i++)
                for (int c = 0; c < channels; c++)
                    if (!channel_fires(keys[step], row_of(part.rows[i]), c)) wanted[long(i) * channels_row + c] = 0;
        for (int i = 0; i < part.count; i += BLOCK) {
            const int size = std::min(BLOCK, part.count - i);
            perceive(own, part.rows + i, size, true);
            own.space.backward(size, wanted + long(i) * channels_row);
            if (!passed) continue;
            for (int m = 0; m < size; m++) {
                const int row = row_of(part.rows[i + m]), to = slot + i + m;
                perception.split(own.space.grad_perceived.data() + long(m) * net.perceived_row,
                                 own.sums.data(0) + m * sums_row, grad + long(row) * channels_row,
                                 passed + to * bands_row);
                slots[row] = to;
            }
        }
    }

    void collect(int thread, const Rows* receivers, real* grad, const real* passed, const int32_t* slots) {
        if (!perception.bands) return;
        const Share share(receivers ? receivers->size() : num_rows, thread, num_threads);
        for (int i = share.first; i < share.last; i++) {
            const int row = receivers ? (*receivers)[i] : i, base = row / problem.num_cells * problem.num_cells;
            perception.collect(row - base, slots + base, passed, grad + long(row) * channels_row);
        }
    }

    // The rows whose states the first step read: those it kept, those that its cells perceived, those that died in it.
    // Those that it did not keep pass nothing on but what was read of them.
    Rows looked_at(const Step<real>& record, real* grad) {
        Rows rows = *record.kept;
        Zeros<uint8_t> seen(num_rows);
        for (int32_t row : rows) seen.data()[row] = 1;
        auto look = [&](int32_t row) {
            if (seen.data()[row]) return;
            seen.data()[row] = 1;
            std::fill_n(grad + long(row) * channels_row, channels_row, real(0));
            rows.push_back(row);
        };
        for (const auto& part : record.parts)
            for (int i = 0; i < part.count; i++) {
                const int row = row_of(part.rows[i]), sample = row / problem.num_cells,
                          n = row - sample * problem.num_cells;
                const int32_t* index = problem.forward.index + n * problem.forward.width;
                if (perception.bands)
                    for (int k = 0; k < problem.forward.counts[n]; k++) look(sample * problem.num_cells + index[k]);
            }
        for (int32_t row : record.died) look(row);
        return rows;
    }

    // Where the mask is applied after the step alone, every row acts; those that the first step did not keep pass on
    // only what was read of them.
    void forget_the_dead(int thread, const Rows& kept, real* grad) {
        const Share share(num_rows, thread, num_threads);
        auto next = std::lower_bound(kept.begin(), kept.end(), share.first);
        for (int r = share.first; r < share.last; r++) {
            if (next != kept.end() && *next == r)
                next++;
            else
                std::fill_n(grad + long(r) * channels_row, channels_row, real(0));
        }
    }

    // |x| of what died, in the states before the step.
    void pull_dead(const Step<real>& record, const std::vector<double>& pull, real* grad) {
        auto add = [&](int32_t row, const real* before) {
            const real rate = pull[row / problem.num_cells];
            for (int c = kept(row); c < channels; c++)
                grad[long(row) * channels_row + c] += rate * ((before[c] > 0) - (before[c] < 0));
        };
        for (size_t i = 0; i < record.died.size(); i++)
            add(record.died[i], record.died_before.data() + i * channels_row);
        for (const auto& part : record.parts)
            for (int i = 0; i < part.count; i++)
                if (part.rows[i] < 0) add(~part.rows[i], part.before + long(i) * channels_row);
    }
};

// The interface, by plain pointers; graphnca/engine/native/library.py.
template <class real>
static void* run(const Problem* problem, const Parameters* parameters, const void* in, void* out, const int32_t* keys,
                 int num_steps, int keep_tape, void* overflow, void* moved) {
    auto rollout = std::make_unique<Rollout<real>>(*problem, *parameters);
    rollout->forward(static_cast<const real*>(in), static_cast<real*>(out), keys, num_steps, keep_tape,
                     static_cast<real*>(overflow), static_cast<real*>(moved));
    return keep_tape ? rollout.release() : nullptr;
}

template <class real>
static bool pull(void* rollout, const void* final_states, const void* grad, const void* overflow, const void* moved,
                 const Gradients* gradients, void* start) {
    return static_cast<Rollout<real>*>(rollout)->backward(
        static_cast<const real*>(final_states), static_cast<const real*>(grad), static_cast<const real*>(overflow),
        static_cast<const real*>(moved), *gradients, static_cast<real*>(start));
}

extern "C" {
int graphnca_problem_bytes() { return sizeof(Problem); }

void* graphnca_forward(int is_double, const Problem* problem, const Parameters* parameters, const void* in, void* out,
                       const int32_t* keys, int num_steps, int keep_tape, void* overflow, void* moved) {
    auto chosen = is_double ? run<double> : run<float>;
    return chosen(problem, parameters, in, out, keys, num_steps, keep_tape, overflow, moved);
}

int graphnca_backward(int is_double, void* rollout, const void* final_states, const void* grad, const void* overflow,
                     const void* moved, const Gradients* gradients, void* start) {
    auto chosen = is_double ? pull<double> : pull<float>;
    return chosen(rollout, final_states, grad, overflow, moved, gradients, start);
}

void graphnca_free(int is_double, void* rollout) {
    if (is_double)
        delete static_cast<Rollout<double>*>(rollout);
    else
        delete static_cast<Rollout<float>*>(rollout);
}
}
