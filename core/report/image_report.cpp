// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/image_report.h"

#include "core/report/analysis_json.h"
#include "core/report/json_report.h"

#include <algorithm>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kParts = 5;
constexpr std::uint64_t kPartWork = 1000;

/// Makes one progress that never goes back of those of kParts parts.
class Parts
{
public:
    explicit Parts(const TaskContext& task)
        : m_task(task)
    {
    }

    /// A context for part `part`; valid while this object lives.
    TaskContext part(std::uint64_t part)
    {
        TaskContext out{m_task.stop, {}};
        if (m_task.report)
            out.report = [this, part](const Progress& progress) {
                const double share = progress.total == 0
                    ? 0
                    : static_cast<double>(progress.done) / static_cast<double>(progress.total);
                const auto done = static_cast<std::uint64_t>(std::min(share, 1.0) * kPartWork);
                m_done = std::max(m_done, part * kPartWork + done);
                m_task.report({progress.phase, m_done, kParts * kPartWork});
            };
        return out;
    }

private:
    const TaskContext& m_task;
    std::uint64_t m_done = 0;
};

/// Puts a result where it belongs, or fails.
template <typename T>
Result<void> store(T& into, Result<T> result)
{
    if (!result)
        return failed(result);
    into = std::move(*result);
    return {};
}

} // namespace

Result<ImageReport> makeReport(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census,
    const std::string& path, const TaskContext& task)
{
    Parts parts(task);
    ImageReport report;
    report.path = path;
    report.image = std::move(image);
    report.census = std::move(census);
    const Image& of = *report.image;
    if (!report.census) {
        if (auto taken = store(report.census, takeCensus(of, parts.part(0))); !taken)
            return failed(taken);
    }
    if (auto taken = store(report.ledger, takeLedger(of, *report.census, parts.part(1))); !taken)
        return failed(taken);
    if (auto grouped = store(report.groups, groupFindings(of, *report.census, parts.part(2))); !grouped)
        return failed(grouped);
    if (auto measured = store(report.fragmentation, measureFragmentation(of, parts.part(3))); !measured)
        return failed(measured);
    if (auto measured = store(report.refblocks, measureRefblockUsage(of, *report.census, parts.part(4))); !measured)
        return failed(measured);
    report.card = compatibilityOf(of, *report.census);
    report.widths = assessWidths(of, *report.census);
    return report;
}

nlohmann::json reportJson(const ImageReport& report)
{
    const Image& image = *report.image;
    nlohmann::json widths = nlohmann::json::array();
    for (const WidthAssessment& width : report.widths)
        widths.push_back(assessmentJson(image, width, report.path));
    nlohmann::json check = checkJson(image, *report.census, report.path);
    check["groups"] = groupsJson(report.groups);
    return {{"filename", report.path}, {"info", infoJson(image, report.path)},
        {"header-fields", headerFieldsJson(image)}, {"check", std::move(check)},
        {"space", ledgerJson(image, report.ledger)}, {"compatibility", compatibilityJson(report.card)},
        {"fragmentation", fragmentationJson(report.fragmentation)},
        {"refblock-usage", refblockUsageJson(report.refblocks)}, {"widths", std::move(widths)}};
}

} // namespace cowscope
