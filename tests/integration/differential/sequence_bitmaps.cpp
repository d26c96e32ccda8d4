// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/bitmap_reader.h"
#include "tests/integration/differential/sequence.h"

#include <algorithm>

namespace cowscope::test
{

bool Sequence::bitmapStep()
{
    constexpr std::size_t kMostBitmaps = 3;
    // A version 2 image has none, and a disk without bytes nothing to track.
    if (m_recipe.version2 || m_model.size() == 0)
        return ioStep();
    const auto& bitmaps = m_model.bitmaps();
    if (bitmaps.empty() || (bitmaps.size() < kMostBitmaps && m_random.percent(40)))
        return addBitmap();
    const std::size_t index = m_random.below(bitmaps.size());
    const QString verb = m_random.oneOf("--remove", "--clear", "--enable", "--disable", "--disable");
    const QStringList arguments{"bitmap", verb, "image.qcow2", bitmaps[index].name};
    if (verb == "--remove")
        m_model.removeBitmap(index);
    else if (verb == "--clear")
        m_model.clearBitmap(index);
    else
        m_model.enableBitmap(index, verb == "--enable");
    return good(m_theirs.img(arguments), "changing a bitmap of theirs")
        && good(m_ours.img(arguments), "changing a bitmap of ours");
}

bool Sequence::addBitmap()
{
    const QString name = QStringLiteral("bitmap %1").arg(++m_bitmapsAdded);
    QStringList arguments{"bitmap", "--add"};
    std::uint64_t granularity = std::clamp<std::uint64_t>(m_model.clusterSize(), 4096, 65536);
    if (m_random.percent(60)) {
        granularity = std::uint64_t{512} << m_random.below(8);
        arguments << "-g" << QString::number(granularity);
    }
    const bool enabled = m_random.percent(80);
    if (!enabled)
        arguments << "--disable";
    m_model.addBitmap(name, granularity, enabled);
    arguments << "image.qcow2" << name;
    return good(m_theirs.img(arguments), "adding a bitmap to theirs")
        && good(m_ours.img(arguments), "adding a bitmap to ours");
}

/// Every change has to be marked, and nothing that was left alone.
bool Sequence::judgeBitmaps(const Twin& twin)
{
    if (m_model.bitmaps().empty())
        return true;
    const std::vector<StoredBitmap> stored = readBitmaps(readFile(twin.path()));
    for (const DiskModel::Bitmap& wanted : m_model.bitmaps()) {
        const QString what = QStringLiteral("bitmap '%1' of %2 ").arg(wanted.name, twin.name());
        const auto found = std::ranges::find(stored, wanted.name, &StoredBitmap::name);
        if (found == stored.end() || found->inUse || found->records != wanted.enabled)
            return fail(what + "is not there, in use, or has wrong flags");
        if (found->bits.size() != wanted.must.size())
            return fail(
                what + QStringLiteral("has %1 bits instead of %2").arg(found->bits.size()).arg(wanted.must.size()));
        for (std::size_t i = 0; i < wanted.must.size(); ++i) {
            if (wanted.must[i] && !found->bits[i])
                return fail(what + QStringLiteral("does not mark stretch %1, which has changed").arg(i));
            if (!wanted.may[i] && found->bits[i])
                return fail(what + QStringLiteral("marks stretch %1, which was left alone").arg(i));
        }
    }
    return true;
}

} // namespace cowscope::test
