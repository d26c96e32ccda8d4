// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/header_cluster.h"
#include "tests/support/expect.h"
#include "tests/support/trace_storage.h"

#include <fmt/format.h>
#include <random>
#include <set>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

struct Parts {
    std::vector<std::pair<std::uint32_t, std::size_t>> extensions; ///< types and lengths
    std::string name;
    bool lazy = false;
};

HeaderContents contentsOf(const Parts& parts, unsigned clusterBits)
{
    HeaderContents contents;
    contents.header.clusterBits = clusterBits;
    contents.header.compatibleFeatures = parts.lazy ? 1 : 0;
    for (const auto& [type, length] : parts.extensions)
        contents.extensions.push_back({type, {}, Bytes(length, static_cast<std::byte>(type))});
    contents.backingFile = parts.name;
    return contents;
}

/// What a reader finds, as text.
std::string seen(const Bytes& cluster)
{
    const auto header = decodeHeader(cluster);
    const auto extensions = header ? decodeExtensions(*header, cluster) : std::unexpected(header.error());
    if (!extensions)
        return "unreadable";
    std::string text = std::to_string(header->compatibleFeatures);
    for (const RawExtension& each : extensions->raw) {
        text += fmt::format(" {}:", each.type);
        for (const std::byte byte : each.data)
            text += fmt::format("{},", std::to_integer<unsigned>(byte));
    }
    if (header->backingFileOffset.value() != 0)
        text += std::string(
            reinterpret_cast<const char*>(cluster.data()) + header->backingFileOffset.value(), header->backingFileSize);
    return text;
}

/// The cluster of `wanted` where it replaces that of `old`; empty: it does not fit.
Bytes replacing(const Bytes& before, const Parts& old, const Parts& wanted, unsigned clusterBits)
{
    HeaderContents contents = contentsOf(wanted, clusterBits);
    const NamePlace place{getNumber(before, 8, 8), getNumber(before, 16, 4)};
    placeBackingName(contents, place, old.name == wanted.name);
    return encodeHeaderCluster(contents).value_or(Bytes{});
}

Parts randomParts(std::mt19937_64& random)
{
    Parts parts;
    for (std::uint32_t type = 1; type <= 3; ++type) {
        if (random() % 3 != 0)
            parts.extensions.push_back({type, random() % 4 == 0 ? random() % 500 : random() % 40});
    }
    if (random() % 4 != 0)
        parts.name = std::string(1 + (random() % 3 == 0 ? random() % 700 : random() % 60), 'a' + random() % 3);
    parts.lazy = random() % 2 == 0;
    return parts;
}

} // namespace

/// The change of the first cluster, sector by sector.
class HeaderSwitchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsSaidToSwitchWholeDoes_data();
    void whatIsSaidToSwitchWholeDoes();
    void aNameBeforeTheOldOneIsCopiedFirst();
};

void HeaderSwitchTest::whatIsSaidToSwitchWholeDoes_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    for (const unsigned clusterBits : {9U, 10U, 12U})
        QTest::addRow("%u byte clusters", 1U << clusterBits) << clusterBits;
}

void HeaderSwitchTest::whatIsSaidToSwitchWholeDoes()
{
    QFETCH(unsigned, clusterBits);
    std::mt19937_64 random(clusterBits);
    int whole = 0;
    int mixed = 0;
    int tried = 0;
    while (tried < 3000) {
        const Parts old = randomParts(random);
        const Parts wanted = randomParts(random);
        const Bytes before = replacing(Bytes(20), {}, old, clusterBits);
        const Bytes after = before.empty() ? Bytes{} : replacing(before, old, wanted, clusterBits);
        if (after.empty())
            continue;
        ++tried;
        const auto trace = std::make_shared<TraceStorage>(before);
        VERIFY_OK(switchHeader(*trace, after));
        QVERIFY(trace->bytes() == after);
        bool sound = true;
        const std::set<std::string> good{seen(before), seen(after)};
        trace->eachCrashState({.random = 3, .seed = random()},
            [&](const WriteTrace::CrashState& state) { sound = sound && good.contains(seen(state.bytes)); });
        if (switchesWhole(before, after)) {
            ++whole;
            QVERIFY2(sound, "a state in between that is neither the old header nor the new one");
        } else {
            mixed += sound ? 0 : 1;
        }
    }
    QVERIFY(whole > 300);
    QVERIFY(clusterBits == 9 || mixed > 30); // it does not say so without need
}

void HeaderSwitchTest::aNameBeforeTheOldOneIsCopiedFirst()
{
    const Parts old{{{1, 480}}, "old", false};
    const Bytes before = replacing(Bytes(20), {}, old, 12);
    HeaderContents contents = contentsOf({{{1, 280}}, std::string(150, 'n'), false}, 12);
    contents.header.backingFileOffset = HostOffset(410);
    contents.header.backingFileSize = 150;
    const Bytes after = encodeHeaderCluster(contents).value_or(Bytes{});
    QVERIFY(!after.empty());
    QVERIFY(!switchesWhole(before, after)); // its place is taken by the extension
    const Bytes free = replacing(Bytes(20), {}, {{{1, 480}}, std::string(900, 'o'), false}, 12);
    Bytes far = free;
    put64(far, 8, 3000);
    putText(far, 3000, std::string(900, 'o'));
    Bytes near = far;
    put64(near, 8, 650);
    put32(near, 16, 700);
    putText(near, 650, std::string(700, 'n'));
    QVERIFY(switchesWhole(far, near));
}

QTEST_GUILESS_MAIN(HeaderSwitchTest)
#include "header_switch_test.moc"
