// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/navigator/fuzzy.h"

#include <QString>

#include <algorithm>
#include <climits>
#include <vector>

namespace cowscope::ui
{

namespace
{

constexpr int kNone = INT_MIN / 2;
constexpr int kLetter = 4;
constexpr int kWordStart = 6;
constexpr int kInARow = 8;
constexpr int kGap = 1; ///< for each letter that is left out

int letterScore(QStringView text, qsizetype at)
{
    const bool wordStart = at == 0 || !text[at - 1].isLetterOrNumber();
    return kLetter + (wordStart ? kWordStart : 0);
}

} // namespace

std::optional<int> fuzzyScore(QStringView pattern, QStringView text)
{
    // best[i]: the best score of the letters so far, the last of them standing at i.
    std::vector<int> best;
    for (const QChar wanted : pattern) {
        if (wanted.isSpace())
            continue;
        std::vector<int> next(static_cast<std::size_t>(text.size()), kNone);
        int before = kNone; // best of the places left of the one looked at, less the gap from there
        for (qsizetype i = 0; i < text.size(); ++i) {
            const auto at = static_cast<std::size_t>(i);
            if (text[i].toCaseFolded() == wanted.toCaseFolded()) {
                const int inARow = i > 0 && !best.empty() && best[at - 1] > kNone ? best[at - 1] + kInARow : kNone;
                const int score = best.empty() ? -static_cast<int>(i) * kGap / 4 : std::max(before, inARow);
                if (score > kNone)
                    next[at] = score + letterScore(text, i);
            }
            if (!best.empty())
                before = std::max(before > kNone ? before - kGap : kNone, best[at]);
        }
        best = std::move(next);
        if (std::ranges::all_of(best, [](int score) { return score <= kNone; }))
            return std::nullopt;
    }
    return best.empty() ? 0 : *std::ranges::max_element(best);
}

} // namespace cowscope::ui
