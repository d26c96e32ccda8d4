// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;

/// `cowscope-cli lookup`, judged by `qemu-img map` and by the bytes of the file.
class LookupCommandTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void agreesWithQemuImgMap_data();
    void agreesWithQemuImgMap();
    void looksIntoASnapshot();
    void findsItsWayBack();
    void explainsItselfToPeople();
    void misuseIsRefused_data();
    void misuseIsRefused();

private:
    QString path() const { return m_folder.filePath(QStringLiteral("image.qcow2")); }
    test::ProgramRun lookup(const QStringList& arguments) const
    {
        return test::cli(QStringList{QStringLiteral("lookup"), path()} + arguments);
    }
    QJsonObject json(const QStringList& arguments) const
    {
        return lookup(QStringList{QStringLiteral("--output=json")} + arguments).json().object();
    }
    void make(const QString& options, const QStringList& commands) const
    {
        QCOMPARE(test::qemu::img({QStringLiteral("create"), QStringLiteral("-f"), QStringLiteral("qcow2"),
                                     QStringLiteral("-o"), options, path(), QStringLiteral("64M")})
                     .exit,
            0);
        QCOMPARE(test::qemu::io(path(), commands).exit, 0);
    }

    QTemporaryDir m_folder;
};

void LookupCommandTest::agreesWithQemuImgMap_data()
{
    QTest::addColumn<QString>("options");
    QTest::newRow("plain") << QStringLiteral("cluster_size=65536");
    QTest::newRow("512 byte clusters") << QStringLiteral("cluster_size=512,refcount_bits=1");
    QTest::newRow("extended L2") << QStringLiteral("cluster_size=65536,extended_l2=on");
    QTest::newRow("64 bits") << QStringLiteral("cluster_size=4096,refcount_bits=64");
    QTest::newRow("data file") << QStringLiteral("data_file=%1").arg(m_folder.filePath(QStringLiteral("data.raw")));
}

void LookupCommandTest::agreesWithQemuImgMap()
{
    REQUIRE_QEMU();
    QFETCH(QString, options);
    make(options,
        {QStringLiteral("write -P 1 0 200k"), QStringLiteral("write -P 2 5M 4k"), QStringLiteral("write -z 8M 128k"),
            QStringLiteral("write -P 3 40M 70k")});
    const QJsonArray map
        = test::qemu::img({QStringLiteral("map"), QStringLiteral("--output=json"), path()}).json().array();
    QVERIFY(map.size() >= 5);
    for (const QJsonValue& extent : map) {
        const qint64 start = extent[QStringLiteral("start")].toInteger();
        const qint64 length = extent[QStringLiteral("length")].toInteger();
        for (const qint64 at : {start, start + length / 2, start + length - 1}) {
            const QJsonObject found = json({QStringLiteral("--guest"), QString::number(at)});
            QVERIFY(!found[QStringLiteral("broken")].toBool(true));
            const bool data = extent[QStringLiteral("data")].toBool();
            QCOMPARE(found[QStringLiteral("kind")].toString() == QStringLiteral("data"), data);
            if (data)
                QCOMPARE(found[QStringLiteral("host")].toInteger(),
                    extent[QStringLiteral("offset")].toInteger() + at - start);
        }
    }
}

void LookupCommandTest::looksIntoASnapshot()
{
    REQUIRE_QEMU();
    make(QStringLiteral("cluster_size=4096"), {QStringLiteral("write -P 1 0 4k")});
    QCOMPARE(
        test::qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("old"), path()}).exit, 0);
    QCOMPARE(test::qemu::io(path(), {QStringLiteral("write -P 2 0 4k")}).exit, 0);
    const auto byteOf = [this](const QJsonObject& found) {
        const auto host = static_cast<std::size_t>(found[QStringLiteral("host")].toInteger());
        return std::to_integer<int>(test::readFile(path()).at(host));
    };
    const QStringList guest{QStringLiteral("--guest"), QStringLiteral("0x10")};
    QCOMPARE(byteOf(json(guest)), 2);
    QCOMPARE(byteOf(json(guest + QStringList{QStringLiteral("--snapshot"), QStringLiteral("old")})), 1);
    QCOMPARE(byteOf(json(guest + QStringList{QStringLiteral("--snapshot"), QStringLiteral("1")})), 1);
}

void LookupCommandTest::findsItsWayBack()
{
    REQUIRE_QEMU();
    make(QStringLiteral("cluster_size=4096"), {QStringLiteral("write -P 1 12M 4k")});
    const qint64 host = json({QStringLiteral("--guest"), QStringLiteral("12M")})[QStringLiteral("host")].toInteger();
    const QJsonObject back = json({QStringLiteral("--host"), QStringLiteral("0x%1").arg(host, 0, 16)});
    QCOMPARE(back[QStringLiteral("refcount")].toInteger(), 1);
    const QJsonArray referrers = back[QStringLiteral("referrers")].toArray();
    QCOMPARE(referrers.size(), 1);
    QCOMPARE(referrers[0][QStringLiteral("guest")].toInteger(), qint64{12} << 20);
}

void LookupCommandTest::explainsItselfToPeople()
{
    REQUIRE_QEMU();
    make(QStringLiteral("cluster_size=4096"), {QStringLiteral("write -P 0xab 8k 4k")});
    const QByteArray text = lookup({QStringLiteral("--guest"), QStringLiteral("8k")}).out;
    for (const char* part : {"L1 index = 0x2000 / 0x200000 = 0", "L2 entry 2 of the table at", "ab ab ab ab", "Entry ",
             "count 1 of 65535 at most", "The byte is at 0x"})
        QVERIFY2(text.contains(part), text.constData());
    const QByteArray back = lookup({QStringLiteral("--host"), QStringLiteral("0")}).out;
    QVERIFY2(back.contains("every image begins with it"), back.constData());
}

void LookupCommandTest::misuseIsRefused_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("no place") << QStringList();
    QTest::newRow("two places") << QStringList{
        QStringLiteral("--guest"), QStringLiteral("0"), QStringLiteral("--host"), QStringLiteral("0")};
    QTest::newRow("no number") << QStringList{QStringLiteral("--guest"), QStringLiteral("here")};
    QTest::newRow("behind the disk") << QStringList{QStringLiteral("--guest"), QStringLiteral("1T")};
    QTest::newRow("behind the file") << QStringList{QStringLiteral("--host"), QStringLiteral("1T")};
    QTest::newRow("no such snapshot") << QStringList{
        QStringLiteral("--guest"), QStringLiteral("0"), QStringLiteral("--snapshot"), QStringLiteral("none")};
    QTest::newRow("snapshot of a host offset") << QStringList{
        QStringLiteral("--host"), QStringLiteral("0"), QStringLiteral("--snapshot"), QStringLiteral("none")};
}

void LookupCommandTest::misuseIsRefused()
{
    REQUIRE_QEMU();
    QFETCH(QStringList, arguments);
    make(QStringLiteral("cluster_size=4096"), {QStringLiteral("write 0 4k")});
    const test::ProgramRun run = lookup(arguments);
    QCOMPARE(run.exit, 1);
    QVERIFY(!run.err.isEmpty());
}

QTEST_GUILESS_MAIN(LookupCommandTest)
#include "lookup_test.moc"
