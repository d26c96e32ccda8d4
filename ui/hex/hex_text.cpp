// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hex/hex_text.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace cowscope::ui
{

namespace
{

constexpr std::size_t kBytesALine = 16;
constexpr qsizetype kMostPatternBytes = 4096;

QString tr(const char* text)
{
    return QCoreApplication::translate("HexText", text);
}

QString digits(std::byte byte)
{
    return QStringLiteral("%1").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0'));
}

std::vector<std::byte> toBytes(const QByteArray& data)
{
    const auto* first = reinterpret_cast<const std::byte*>(data.constData());
    return {first, first + data.size()};
}

} // namespace

QString hexText(std::span<const std::byte> bytes)
{
    QString text;
    text.reserve(static_cast<qsizetype>(bytes.size()) * 3);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i > 0)
            text += i % kBytesALine == 0 ? u'\n' : u' ';
        text += digits(bytes[i]);
    }
    return text;
}

QString cArrayText(std::span<const std::byte> bytes)
{
    QString text = QStringLiteral("const unsigned char bytes[%1] = {").arg(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i)
        text += QString(i % kBytesALine == 0 ? QStringLiteral("\n    ") : QStringLiteral(" ")) + QStringLiteral("0x")
            + digits(bytes[i]) + u',';
    return text + QStringLiteral("\n};\n");
}

QString plainText(std::span<const std::byte> bytes)
{
    QString text = QString::fromUtf8(reinterpret_cast<const char*>(bytes.data()), static_cast<qsizetype>(bytes.size()));
    for (QChar& character : text)
        if (!character.isPrint() && !character.isSurrogate() && character != u'\n' && character != u'\t')
            character = u'.';
    return text;
}

QChar byteCharacter(std::byte byte)
{
    const auto code = std::to_integer<unsigned char>(byte);
    return code >= 0x20 && code < 0x7f ? QChar::fromLatin1(static_cast<char>(code)) : QChar(u'.');
}

std::expected<std::vector<std::byte>, QString> searchPattern(const QString& text, bool asHex)
{
    if (text.isEmpty())
        return std::unexpected(tr("Type what to search for."));
    QByteArray bytes = text.toUtf8();
    if (asHex) {
        static const QRegularExpression pattern(QStringLiteral("^\\s*(?:(?:0x)?(?:[0-9a-f]{2})+[\\s,]*)+$"),
            QRegularExpression::CaseInsensitiveOption | QRegularExpression::DontCaptureOption);
        if (!pattern.match(text.left(kMostPatternBytes * 5)).hasMatch())
            return std::unexpected(tr("Type pairs of hex digits, such as 51 46 49 fb."));
        QString plain = text;
        plain.remove(QStringLiteral("0x"), Qt::CaseInsensitive);
        bytes = QByteArray::fromHex(plain.toLatin1());
    }
    if (bytes.size() > kMostPatternBytes)
        return std::unexpected(tr("That is too long: at most 4096 bytes can be searched for."));
    return toBytes(bytes);
}

} // namespace cowscope::ui
