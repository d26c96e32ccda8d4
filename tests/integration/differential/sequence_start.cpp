// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/sequence.h"

#include <QFile>

namespace cowscope::test
{

namespace
{

/// A file of runs: what nothing compresses, what compresses somewhat, one byte, and holes. Python, so that the same
/// line makes it by hand.
QString contentsScript(std::uint64_t seed, std::uint64_t bytes)
{
    return QStringLiteral("import random; r = random.Random(%1); f = open('base.raw', 'wb'); n = %2; f.truncate(n)\n"
                          "while f.tell() < n:\n"
                          "    run = min(r.choice([512, 3000, 40000, 100000]), n - f.tell())\n"
                          "    [lambda: f.write(r.randbytes(run)), lambda: f.write((r.randbytes(40) * run)[:run]),\n"
                          "     lambda: f.write(bytes([r.randrange(256)]) * run), lambda: f.seek(run, 1)]"
                          "[r.randrange(4)]()")
        .arg(seed)
        .arg(bytes);
}

} // namespace

bool Sequence::create()
{
    m_recipe = randomRecipe(m_random);
    if (!makeFiles())
        return false;
    if (m_recipe.wild)
        return createWild();
    QStringList arguments;
    if (m_recipe.noise) {
        arguments << "convert"
                  << "-f"
                  << "raw"
                  << "-O"
                  << "qcow2";
        if (m_recipe.compressed)
            arguments << "-c";
        arguments << "-o" << m_recipe.options() << "base.raw"
                  << "image.qcow2";
    } else {
        arguments << "create"
                  << "-f"
                  << "qcow2"
                  << "-o" << m_recipe.options() << "image.qcow2" << QString::number(m_recipe.size);
    }
    m_model = DiskModel(initialContents(), m_recipe.clusterSize, m_recipe.noise || m_recipe.preallocated());
    return good(m_theirs.img(arguments), "creating theirs") && good(m_ours.img(arguments), "creating ours");
}

/// The raw file that the image starts from, as backing file or for its contents.
bool Sequence::makeFiles()
{
    if (!m_recipe.noise && !m_recipe.hasBacking())
        return true;
    const bool made
        = good(m_ours.run("python3", {"-c", contentsScript(m_seed, m_recipe.backingSize)}), "making the raw file");
    if (!made)
        return false;
    m_backing = readFile(m_ours.path("base.raw"));
    if (m_recipe.backing == Recipe::Backing::Qcow2) {
        const Recipe base = randomTarget(m_random);
        QStringList arguments{"convert", "-f", "raw", "-O", "qcow2", "-o", base.options()};
        if (base.compressed)
            arguments << "-c";
        if (!good(m_ours.run("qemu-img",
                      arguments << "base.raw"
                                << "base.qcow2"),
                "making the backing file"))
            return false;
    }
    return m_theirs.copyFrom(m_ours) || fail("cannot copy files");
}

/// Options that may contradict each other: the tools have to agree on whether such an image can be.
bool Sequence::createWild()
{
    const QStringList arguments{
        "create", "-f", "qcow2", "-o", m_recipe.options(), "image.qcow2", QString::number(m_recipe.size)};
    const ProgramRun theirs = m_theirs.img(arguments);
    const ProgramRun ours = m_ours.img(arguments);
    switch (agreementOf(ours, theirs, "creating")) {
    case Agreement::Fault:
        return false;
    case Agreement::OnlyOurs:
        return fail("creating: theirs refused, ours did not; theirs " + outcome(theirs));
    case Agreement::OnlyTheirs:
        return fail("creating: ours refused, theirs did not; ours " + outcome(ours));
    case Agreement::Refused:
        m_over = true;
        return m_ours.tool() == Tool::Qemu || !QFile::exists(m_ours.path())
            || fail("creating was refused, but left a file");
    case Agreement::Done:
        break;
    }
    m_model = DiskModel(initialContents(), m_recipe.clusterSize, m_recipe.preallocated());
    return true;
}

Bytes Sequence::initialContents() const
{
    Bytes bytes = m_backing;
    bytes.resize(m_recipe.size);
    return bytes;
}

} // namespace cowscope::test
