// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/own_words.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace cowscope::ui
{

QString inOwnWords(QString text)
{
    const auto tr = [](const char* words) { return QCoreApplication::translate("OwnWords", words); };
    static const QRegularExpression kWidth(QStringLiteral(R"( \(cowscope-cli amend -o refcount_bits=\d+\))"));
    text.replace(kWidth, tr(" (Image > Change Refcount Width)"));
    text.replace(QStringLiteral(": check -r all --plan"), tr(": Image > Repair All"));
    text.replace(QStringLiteral(": check -r all"), tr(": Image > Repair All"));
    text.replace(QStringLiteral(": -r all"), tr(": Image > Repair All"));
    text.replace(QStringLiteral("Ask for --split-shared to copy what is shared"),
        tr("Choose to copy what the width cannot share"));
    text.replace(QStringLiteral(": bitmap --remove"), tr(": cowscope-cli bitmap --remove"));
    text.replace(QStringLiteral("(bitmap --remove)"), tr("(cowscope-cli bitmap --remove)"));
    return text;
}

} // namespace cowscope::ui
