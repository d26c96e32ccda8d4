// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/finding_list.h"

namespace cowscope
{

bool FindingList::joinsLast(const Finding& finding) const
{
    if (m_findings.empty())
        return false;
    const Finding& last = m_findings.back();
    return !last.offset && !finding.offset && last.kind == finding.kind && last.expected == finding.expected
        && last.actual == finding.actual && last.detail == finding.detail
        && last.cluster + last.clusters == finding.cluster;
}

void FindingList::add(Finding finding)
{
    m_byKind[static_cast<std::size_t>(finding.kind)] += finding.clusters;
    switch (finding.severity()) {
    case Severity::Note:
        break;
    case Severity::Leak:
        m_leaks += finding.weight;
        break;
    case Severity::Corruption:
        m_corruptions += finding.weight;
        break;
    case Severity::CheckError:
        m_checkErrors += finding.weight;
        break;
    }
    if (joinsLast(finding)) {
        m_findings.back().clusters += finding.clusters;
        m_findings.back().weight += finding.weight;
    } else if (m_findings.size() < m_limit) {
        m_findings.push_back(std::move(finding));
    } else {
        ++m_dropped;
    }
}

} // namespace cowscope
