// What both passes work with: rows of states, one a cell of a sample, and what is asked of them block by block.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "bytes.hpp"
#include "firing.hpp"
#include "half.hpp"
#include "memory.hpp"
#include "pause.hpp"
#include "perception.hpp"
#include "tape.hpp"
#include "threads.hpp"

// In the tape, ~row stands for a row that the life mask zeroed after its update.
static inline int32_t row_of(int32_t entry) { return entry < 0 ? ~entry : entry; }

// Which sample a row is of: asked of many rows one after the other, most of the one that the last was of.
class Sample {
    const int num_cells;
    int number = 0, first = 0;

  public:
    explicit Sample(const Problem& problem) : num_cells(problem.num_cells) {}

    int of(int row) {
        if (unsigned(row) - unsigned(first) >= unsigned(num_cells)) number = row / num_cells, first = number * num_cells;
        return number;
    }

    int first_row(int row) {
        of(row);
        return first;
    }
};

// Room for each thread to compute the network in, as the problem wants it computed.
template <class real>
static std::vector<std::unique_ptr<Workspace<real>>> workspaces(const Network<real>& net, const Problem& problem,
                                                                int count) {
    std::vector<std::unique_ptr<Workspace<real>>> made(count);
#ifdef HALF_PRODUCTS
    if constexpr (std::is_same_v<real, float>)
        if (problem.half_products) {
            const auto half = std::make_shared<const HalfNetwork>(net);
            for (auto& space : made) space = std::make_unique<HalfWorkspace>(net, half);
            return made;
        }
#endif
#ifdef BYTE_PRODUCTS
    if constexpr (std::is_same_v<real, float>)
        if (problem.quantised) {
            const auto bytes = std::make_shared<const ByteNetwork>(net);
            for (auto& space : made) space = std::make_unique<ByteWorkspace>(net, bytes);
            return made;
        }
#endif
    for (auto& space : made)
        if (problem.quantised)
            space = std::make_unique<LevelWorkspace<real>>(net);
        else
            space = std::make_unique<FloatWorkspace<real>>(net);
    return made;
}

// What one thread works with.
template <class real>
struct Worker {
    const std::unique_ptr<Workspace<real>> space;
    Buffer<real> change, sums;  // of the rows that it updates; perceived sums of a block
    explicit Worker(std::unique_ptr<Workspace<real>> space) : space(std::move(space)) {}
};

// A rule on copies of a substrate, and the states that a pass has under way.
template <class real>
struct Setting {
    using L = Lanes<real>;

    const Problem problem;
    const Perception<real> perception;
    const Network<real> net;
    const int num_rows, channels, channels_row, num_threads;
    const bool masked, masked_before, masked_after, measured;
    const real threshold, bound;

    std::vector<int32_t> kept_by_row;  // empty: nothing is kept
    Rows keeping, hidden_only;         // rows that keep channels; those of them that keep some and not all
    std::vector<std::unique_ptr<Worker<real>>> workers;
    std::vector<uint32_t> keys;  // one a step
    real* states = nullptr;      // (rows, channels_row)

    Setting(const Problem& given, const Parameters& parameters)
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
          bound(problem.overflow_bound) {
        for (auto& space : workspaces(net, problem, num_threads))
            workers.push_back(std::make_unique<Worker<real>>(std::move(space)));
        if (!problem.kept) return;
        kept_by_row.assign(problem.kept, problem.kept + num_rows);
        for (int r = 0; r < num_rows; r++) {
            if (kept_by_row[r]) keeping.push_back(r);
            if (kept_by_row[r] && kept_by_row[r] < channels) hidden_only.push_back(r);
        }
    }

    real* state(long row) { return states + row * channels_row; }

    // How many channels of a row keep their values, the first ones.
    int kept(int row) const { return kept_by_row.empty() ? 0 : kept_by_row[row]; }

    // Copies a row, as whole vectors.
    void copy(const real* from, real* to) const {
        for (int c = 0; c < channels_row; c += L::count) L::store(to + c, L::load(from + c));
    }

    // Zeroes what of a row doesn't keep its values: of a state, or of a gradient.
    void clear(real* of_row, int row) const { std::fill_n(of_row + kept(row), channels_row - kept(row), real(0)); }

    // Copies the given rows (all of them for null) to whole vectors and back; what is beyond a row's end stays.
    void pad(const Rows* rows, const real* from, real* to) const {
        const int count = rows ? rows->size() : num_rows;
        on_threads(num_threads, [&](int thread) {
            const Share share(count, thread, num_threads);
            for (int i = share.first; i < share.last; i++) {
                const long r = rows ? (*rows)[i] : i;
                std::copy_n(from + r * channels, channels, to + r * channels_row);
            }
        });
    }

    void unpad(const Rows* rows, const real* from, real* to) const {
        const int count = rows ? rows->size() : num_rows;
        on_threads(num_threads, [&](int thread) {
            const Share share(count, thread, num_threads);
            for (int i = share.first; i < share.last; i++) {
                const long r = rows ? (*rows)[i] : i;
                std::copy_n(from + r * channels_row, channels, to + r * channels);
            }
        });
    }

    // Written so that an alpha of NaN is mature: what has diverged must not pass for dead.
    bool is_mature(real alpha) const { return !(alpha <= threshold); }

    uint32_t fire_threshold(int row) const {
        if (kept(row) == channels) return 0;
        return problem.fire_thresholds ? problem.fire_thresholds[row] : problem.fire_threshold;
    }

    bool channel_fires(uint32_t key, int row, int c) const {
        return draw(key, uint32_t(row) * channels + c) < fire_threshold(row);
    }

    // Perceived vectors of up to BLOCK rows.
    void perceive(Worker<real>& own, const int32_t* rows, int count) {
        const long sums_row = long(MOST_OPERATORS) * channels_row;
        real* sums = own.sums.data(BLOCK * sums_row);
        Sample sample(problem);
        for (int m = 0; m < count; m++) {
            const int row = row_of(rows[m]), base = sample.first_row(row);
            perception.sums(row - base, state(base), sums + m * sums_row);
            perception.compose(state(row), sums + m * sums_row, own.space->perceived(m));
        }
    }

    real excess(real value) const { return value > bound ? value - bound : value < -bound ? value + bound : 0; }
};
