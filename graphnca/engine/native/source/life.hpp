// Which cells live, kept up with the few that changed instead of asked of all.
//
// A cell is mature when its alpha exceeds the threshold, and lives when it or a neighbour is. `count` holds how many
// mature cells reach a cell; a step changes it only around the cells that crossed the threshold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "problem.hpp"

using Rows = std::vector<int32_t>;

// A set of rows as an ascending list and as flags.
struct RowSet {
    std::shared_ptr<const Rows> rows = std::make_shared<Rows>();  // shared with the tape
    std::vector<uint8_t> member;
    Rows born, lost;  // of the last update, ascending

    bool holds(int32_t row) const { return member[row]; }

    void start(int num_rows) { member.assign(num_rows, 0); }

    // Takes up the rows whose membership, by `belongs`, is another than before.
    template <class Test>
    void update(const Rows& touched, Test belongs) {
        born.clear(), lost.clear();
        for (int32_t row : touched)
            if (bool(member[row]) != belongs(row)) {
                member[row] = !member[row];
                (member[row] ? born : lost).push_back(row);
            }
        if (born.empty() && lost.empty()) return;
        std::sort(born.begin(), born.end()), std::sort(lost.begin(), lost.end());
        auto next = std::make_shared<Rows>();
        next->reserve(rows->size() + born.size());
        size_t b = 0;
        for (int32_t row : *rows) {
            if (!member[row]) continue;
            while (b < born.size() && born[b] < row) next->push_back(born[b++]);
            next->push_back(row);
        }
        next->insert(next->end(), born.begin() + b, born.end());
        rows = next;
    }
};

class Life {
    const Problem& problem;
    std::vector<uint16_t> count, near, ripe;
    Rows touched, ripened;

    template <class Visit>
    void around(int32_t row, Visit visit) const {
        const int32_t sample = row / problem.num_cells, n = row - sample * problem.num_cells;
        const int32_t *index = problem.reach.index + n * problem.reach.width, base = sample * problem.num_cells;
        for (int k = 0; k < problem.reach.counts[n]; k++) visit(base + index[k]);
    }

  public:
    std::vector<uint8_t> mature;
    RowSet living;
    RowSet rim;    // dead cells beside living ones; kept where the mask is applied before and after
    Rows pending;  // rows with a state that don't live: the coming mask zeroes them
    Rows zeroed;   // rows that the present step's mask zeroes; active ones may be missing

    explicit Life(const Problem& problem) : problem(problem), mature(problem.num_rows()) {}

    // From the mature rows and the rows that hold a state.
    void start(const Rows& support) {
        const int num_rows = problem.num_rows();
        count.assign(num_rows, 0), ripe.assign(num_rows, 0);
        living.start(num_rows);
        touched.clear();
        for (int32_t row : support)
            if (mature[row])
                around(row, [&](int32_t reached) {
                    if (!count[reached]++) touched.push_back(reached);
                });
        living.update(touched, [&](int32_t row) { return count[row] > 0; });
        for (int32_t row : support)
            if (!living.holds(row)) pending.push_back(row);
        if (problem.life_mask == PRE_POST) {
            near.assign(num_rows, 0);
            rim.start(num_rows);
            update_rim();
        }
    }

    // Whether a mask after the update leaves a row its state.
    bool keeps(int32_t row) const { return count[row] > 0 || ripe[row] > 0; }

    // After an update: rows that crossed the threshold, and rows of the rim that would.
    void settle(const Rows& crossed, const Rows& ripened_now) {
        for (int32_t row : ripened) around(row, [&](int32_t reached) { ripe[reached] = 0; });
        ripened = ripened_now;
        for (int32_t row : ripened) around(row, [&](int32_t reached) { ripe[reached]++; });
        touched.clear();
        for (int32_t row : crossed) {
            mature[row] = !mature[row];
            const int step = mature[row] ? 1 : -1;
            around(row, [&](int32_t reached) {
                count[reached] += step;
                if (count[reached] == (step > 0)) touched.push_back(reached);
            });
        }
        living.update(touched, [&](int32_t row) { return count[row] > 0; });
        zeroed.clear();
        std::swap(zeroed, pending);
        switch (problem.life_mask) {
            case PRE:
                pending = living.lost;
                break;
            case POST:
                zeroed.erase(std::remove_if(zeroed.begin(), zeroed.end(), [&](int32_t row) { return count[row] > 0; }),
                             zeroed.end());
                zeroed.insert(zeroed.end(), living.lost.begin(), living.lost.end());
                break;
            case PRE_POST:
                for (int32_t row : living.lost) (ripe[row] > 0 ? pending : zeroed).push_back(row);
                update_rim();
                break;
            case NONE:
                break;
        }
    }

  private:
    void update_rim() {
        touched.clear();
        auto count_around = [&](const Rows& rows, int step) {
            for (int32_t row : rows)
                around(row, [&](int32_t reached) { near[reached] += step, touched.push_back(reached); });
        };
        count_around(living.born, 1), count_around(living.lost, -1);
        rim.update(touched, [&](int32_t row) { return near[row] > 0 && count[row] == 0; });
    }
};
