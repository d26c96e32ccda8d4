// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/format.h"

#include "ui/common/own_words.h"

#include <QCoreApplication>
#include <QLocale>
#include <QTextDocument>

#include <array>
#include <cmath>

namespace cowscope::ui
{

namespace
{

/// One translation context for all of these free functions.
QString tr(const char* text)
{
    return QCoreApplication::translate("Format", text);
}

const QLocale& numbers()
{
    static const QLocale locale(QLocale::English, QLocale::UnitedStates);
    return locale;
}

} // namespace

QString toQString(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString plainToolTip(const QString& text)
{
    return text.isEmpty() ? text : Qt::convertFromPlainText(text, Qt::WhiteSpaceNormal);
}

QString formatCount(std::uint64_t count)
{
    return numbers().toString(static_cast<qulonglong>(count));
}

QString formatBytes(std::uint64_t bytes)
{
    static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024)
        return tr("%1 B").arg(bytes);
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.5 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    QString number = numbers().toString(value, 'f', decimals);
    if (decimals > 0)
        while (number.endsWith(u'0') || number.endsWith(u'.')) {
            const bool point = number.endsWith(u'.');
            number.chop(1);
            if (point)
                break;
        }
    return number + u' ' + QLatin1String(kUnits[unit]);
}

QString formatExactBytes(std::uint64_t bytes)
{
    return bytes == 1 ? tr("1 byte") : tr("%1 bytes").arg(formatCount(bytes));
}

QString formatHex(std::uint64_t number)
{
    return QStringLiteral("0x") + QString::number(number, 16);
}

QString formatOffset(HostOffset offset)
{
    return formatHex(offset.value());
}

QString formatPercent(std::uint64_t part, std::uint64_t whole)
{
    if (whole == 0 || part == 0)
        return tr("0 %");
    if (part >= whole)
        return tr("100 %");
    const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    if (percent < 1)
        return tr("< 1 %");
    if (percent > 99)
        return tr("> 99 %");
    return tr("%1 %").arg(std::lround(percent));
}

QString formatField(const Field& field, std::uint64_t number)
{
    switch (field.unit) {
    case FieldUnit::Offset:
    case FieldUnit::Flags:
    case FieldUnit::Magic:
        return formatHex(number);
    case FieldUnit::Bytes:
        return formatBytes(number);
    case FieldUnit::Clusters:
        return number == 1 ? tr("1 cluster") : tr("%1 clusters").arg(formatCount(number));
    case FieldUnit::Log2Bytes:
        return number < 64 ? tr("%1 (%2)").arg(number).arg(formatBytes(std::uint64_t{1} << number))
                           : formatCount(number);
    case FieldUnit::Log2Bits:
        return number == 0 ? tr("0 (1 bit)")
            : number < 64  ? tr("%1 (%2 bits)").arg(number).arg(std::uint64_t{1} << number)
                           : formatCount(number);
    case FieldUnit::Seconds:
        return tr("%1 s").arg(formatCount(number));
    case FieldUnit::Nanoseconds:
        return tr("%1 ns").arg(formatCount(number));
    case FieldUnit::Plain:
    case FieldUnit::Entries:
        break;
    }
    return formatCount(number);
}

QString ownerText(ClusterOwner owner)
{
    switch (owner) {
    case ClusterOwner::Free:
        return tr("free");
    case ClusterOwner::Leaked:
        return tr("leaked");
    case ClusterOwner::Header:
        return tr("header");
    case ClusterOwner::Reftable:
        return tr("reftable");
    case ClusterOwner::Refblock:
        return tr("refblock");
    case ClusterOwner::ActiveL1:
        return tr("active L1 table");
    case ClusterOwner::L2Table:
        return tr("L2 table");
    case ClusterOwner::SnapshotTable:
        return tr("snapshot table");
    case ClusterOwner::SnapshotL1:
        return tr("snapshot L1 table");
    case ClusterOwner::Data:
        return tr("data");
    case ClusterOwner::CompressedData:
        return tr("compressed data");
    case ClusterOwner::BitmapDirectory:
        return tr("bitmap directory");
    case ClusterOwner::BitmapTable:
        return tr("bitmap table");
    case ClusterOwner::BitmapData:
        return tr("bitmap data");
    case ClusterOwner::EncryptionHeader:
        return tr("encryption header");
    }
    return {};
}

QString phaseText(Phase phase)
{
    switch (phase) {
    case Phase::Open:
        return tr("opening");
    case Phase::ReadRefcounts:
        return tr("reading refblocks");
    case Phase::WalkTables:
        return tr("walking the tables");
    case Phase::Compare:
        return tr("comparing counts");
    case Phase::WriteRefblocks:
        return tr("writing refblocks");
    case Phase::WriteReftable:
        return tr("writing the reftable");
    case Phase::Flush:
        return tr("flushing to disk");
    case Phase::Switch:
        return tr("switching the header");
    case Phase::Verify:
        return tr("verifying");
    case Phase::Write:
        return tr("writing");
    case Phase::Copy:
        return tr("copying");
    }
    return {};
}

QString severityText(Severity severity)
{
    switch (severity) {
    case Severity::Note:
        return tr("note");
    case Severity::Leak:
        return tr("leak");
    case Severity::Corruption:
        return tr("corruption");
    case Severity::CheckError:
        return tr("check error");
    }
    return {};
}

QString errorText(const Error& error)
{
    QString text = QStringLiteral("<p>%1.</p>").arg(inOwnWords(toQString(error.what)).toHtmlEscaped());
    if (!error.path.empty())
        text += QStringLiteral("<p>%1</p>").arg(tr("File: %1").arg(toQString(error.path).toHtmlEscaped()));
    if (error.offset)
        text += QStringLiteral("<p>%1</p>")
                    .arg(tr("At offset %1 (byte %2).").arg(formatHex(*error.offset), formatCount(*error.offset)));
    if (!error.next.empty())
        text += QStringLiteral("<p>%1</p>").arg(inOwnWords(toQString(error.next)).toHtmlEscaped());
    return text;
}

} // namespace cowscope::ui
