// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/refblock/entry_text.h"

#include "ui/common/format.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("RefblockEntry", text);
}

QString hexByte(std::byte value)
{
    return QStringLiteral("%1").arg(static_cast<unsigned>(value), 2, 16, QLatin1Char('0'));
}

/// The bits of a byte from the highest to the lowest.
QString binaryByte(std::byte value)
{
    return QStringLiteral("%1").arg(static_cast<unsigned>(value), 8, 2, QLatin1Char('0'));
}

} // namespace

QString entryText(const RefblockEntry& entry, const QPalette& palette)
{
    const QString mark
        = QStringLiteral("<b style=\"background-color:%1;color:%2\">%3</b>")
              .arg(palette.color(QPalette::Highlight).name(), palette.color(QPalette::HighlightedText).name());
    QStringList hex;
    QStringList bits;
    for (const std::byte each : entry.bytes) {
        hex += hexByte(each);
        const QString all = binaryByte(each);
        if (entry.bits >= 8) {
            bits += mark.arg(all);
        } else {
            const auto length = static_cast<qsizetype>(entry.bits);
            const qsizetype from = 8 - static_cast<qsizetype>(entry.firstBit) - length;
            bits += QString(all.left(from) + mark.arg(all.mid(from, length)) + all.mid(from + length));
        }
    }
    const QString offset = formatOffset(entry.offset);
    const QString place = entry.bits == 1 ? tr("bit %1 of byte %2").arg(entry.firstBit).arg(offset)
        : entry.bits < 8
        ? tr("bits %1 to %2 of byte %3").arg(entry.firstBit).arg(entry.firstBit + entry.bits - 1).arg(offset)
        : entry.bits == 8 ? tr("byte %1").arg(offset)
                          : tr("%1 bytes from %2, the highest first").arg(entry.bytes.size()).arg(offset);
    return tr("Entry %1 of refblock %2: %3 is count %4")
               .arg(formatCount(entry.index), formatCount(entry.refblock), place, formatCount(entry.count))
        + QStringLiteral("<br><code>%1 &nbsp; %2</code>")
              .arg(hex.join(QStringLiteral(" ")), bits.join(QStringLiteral(" ")));
}

} // namespace cowscope::ui
