// The two regularisers of a rollout, added up on the way: how far states lie beyond the bound, and how much they change.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "rows.hpp"

template <class real>
class Regularisers {
    using L = Lanes<real>;

    Setting<real>& given;
    const Problem& problem;
    const int channels, channels_row;
    std::vector<uint8_t> exceeds;         // rows that some thread looks after
    std::vector<double> moved, overflow;  // of cells that died without an update, and at last of all, one a sample

    bool beyond(const real* row) const {
        bool any = false;
        for (int c = 0; c < channels; c++) any |= row[c] > given.bound || row[c] < -given.bound;
        return any;
    }

  public:
    // A thread's.
    struct Sums {
        Rows over;                            // rows beyond the bound that this thread found and looks after
        std::vector<double> moved, overflow;  // sum of |change| and of squared excess, one a sample
    };

    explicit Regularisers(Setting<real>& given)
        : given(given),
          problem(given.problem),
          channels(given.channels),
          channels_row(given.channels_row),
          exceeds(given.measured ? given.num_rows : 0),
          moved(problem.batch),
          overflow(problem.batch) {}

    void start(Sums& sums) const {
        sums.moved.assign(problem.batch, 0);
        sums.overflow.assign(problem.batch, 0);
    }

    // Takes up a row if it lies beyond the bound.
    void look_at(int row, Sums& sums) {
        if (!exceeds[row] && beyond(given.state(row))) exceeds[row] = 1, sums.over.push_back(row);
    }

    // The same for rows that were updated. Few have come to lie there, so many are looked at together first.
    void look_at(const Updated<real>& part, Sums& sums) {
        for (int i = 0; i < part.count; i += BLOCK) {
            const int end = std::min(i + BLOCK, part.count);
            typename L::flags any{};
            for (int m = i; m < end; m++) {
                const real* now = given.state(part.rows[m]);
                for (int c = 0; c < channels_row; c += L::count)
                    any |= (L::load(now + c) > given.bound) | (L::load(now + c) < -given.bound);
            }
            bool some = false;
            for (int lane = 0; lane < L::count; lane++) some |= any[lane] != 0;
            for (int m = i; some && m < end; m++) look_at(part.rows[m], sums);
        }
    }

    // Adds to each sample's change that of the rows that were updated.
    void add_changes(const Updated<real>& part, Sums& sums) const {
        Sample sample(problem);
        for (int i = 0; i < part.count; i++) {
            const int row = row_of(part.rows[i]);
            const real *now = given.state(row), *before = part.before + long(i) * channels_row;
            real sum = 0;
            for (int c = 0; c < channels; c++) sum += std::abs(now[c] - before[c]);
            sums.moved[sample.of(row)] += sum;
        }
    }

    // Adds what a row loses that dies without an update; for one thread alone.
    void add_death(int row) {
        const real* now = given.state(row);
        for (int c = given.kept(row); c < channels; c++) moved[row / problem.num_cells] += std::abs(now[c]);
    }

    // Adds the overflow after a step, over the rows that a thread looks after; lets go of those that are back in bounds.
    const Rows& add_excess(Sums& sums) {
        size_t left = 0;
        for (int32_t row : sums.over) {
            const real* now = given.state(row);
            real sum = 0;
            for (int c = 0; c < channels; c++) sum += given.excess(now[c]) * given.excess(now[c]);
            sums.overflow[row / problem.num_cells] += sum;
            exceeds[row] = beyond(now);
            sums.over[left] = row;
            left += exceeds[row];
        }
        sums.over.resize(left);
        return sums.over;
    }

    // Adds what a thread has added up.
    void add(const Sums& sums) {
        for (int b = 0; b < problem.batch; b++) {
            moved[b] += sums.moved[b];
            overflow[b] += sums.overflow[b];
        }
    }

    // The sums of squared excess, and of |change| as a mean over cells and channels.
    void write(real* overflow_out, real* moved_out) const {
        for (int b = 0; b < problem.batch; b++) {
            overflow_out[b] = overflow[b];
            moved_out[b] = moved[b] / (double(problem.num_cells) * channels);
        }
    }
};
