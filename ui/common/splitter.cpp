// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/splitter.h"

#include <QSettings>
#include <QSplitter>

namespace cowscope::ui
{

void rememberSizes(QSplitter& splitter)
{
    const QString key = QStringLiteral("layout/") + splitter.objectName();
    splitter.restoreState(QSettings().value(key).toByteArray());
    QObject::connect(&splitter, &QSplitter::splitterMoved, &splitter,
        [&splitter, key] { QSettings().setValue(key, splitter.saveState()); });
}

} // namespace cowscope::ui
