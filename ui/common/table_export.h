// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/error.h"

#include <QAbstractItemModel>
#include <QObject>
#include <QPointer>
#include <QSaveFile>

class QAbstractItemView;
class QToolButton;
class QWidget;

namespace cowscope::ui
{

/// One line of CSV, with its line end. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
QString csvLine(const QStringList& cells);

/// Writes the rows of a table into a file, CSV or, where its name ends in .json, JSON; some rows at a time between
/// other events. Deletes itself at its end.
class TableExport : public QObject
{
    Q_OBJECT

public:
    TableExport(const QAbstractItemModel& model, const QString& path, QObject* parent);

    void start();

Q_SIGNALS:
    void finished(const QString& path);
    void failed(const cowscope::Error& error);

private:
    void writeSome();
    void end(bool complete);
    QByteArray rowText(int row) const;

    QPointer<const QAbstractItemModel> m_model;
    QStringList m_titles;
    QSaveFile m_file;
    bool m_json;
    int m_row = 0;
    bool m_changed = false; ///< the table became another one
};

/// Adds "Copy table" and "Export table..." to the actions of a view, which are its context menu.
void addTableActions(QAbstractItemView& view);

/// A button with a menu of the actions of `view`.
QToolButton* makeTableButton(QAbstractItemView& view, QWidget* parent);

} // namespace cowscope::ui
