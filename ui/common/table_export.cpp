// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/table_export.h"

#include "ui/common/format.h"

#include <QAbstractItemView>
#include <QAction>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMessageBox>
#include <QTimer>
#include <QToolButton>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kRowsATime = 500;
constexpr int kMostCopied = 20'000; ///< rows: more belong into a file

QString csvCell(QString text)
{
    if (!text.isEmpty() && QStringLiteral("=+-@\t\r").contains(text.front()))
        text.prepend(u'\'');
    if (text.contains(u'"') || text.contains(u',') || text.contains(u'\n') || text.contains(u'\r'))
        return u'"' + text.replace(u'"', QStringLiteral("\"\"")) + u'"';
    return text;
}

QStringList titlesOf(const QAbstractItemModel& model)
{
    QStringList titles;
    for (int column = 0; column < model.columnCount(); ++column)
        titles += model.headerData(column, Qt::Horizontal).toString();
    return titles;
}

QStringList cellsOf(const QAbstractItemModel& model, int row)
{
    QStringList cells;
    for (int column = 0; column < model.columnCount(); ++column)
        cells += model.index(row, column).data().toString();
    return cells;
}

void copyTable(const QAbstractItemModel& model)
{
    QString text = csvLine(titlesOf(model));
    for (int row = 0; row < std::min(model.rowCount(), kMostCopied); ++row)
        text += csvLine(cellsOf(model, row));
    QGuiApplication::clipboard()->setText(text);
}

void showExportError(const Error& error, QWidget* parent)
{
    auto* box = new QMessageBox(
        QMessageBox::Warning, QObject::tr("The table cannot be saved"), errorText(error), QMessageBox::Close, parent);
    box->setObjectName(QStringLiteral("tableExportError"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::RichText);
    box->open();
}

void chooseFile(QAbstractItemView& view)
{
    auto* dialog = new QFileDialog(
        &view, QObject::tr("Export table"), QString(), QObject::tr("Comma-separated values (*.csv);;JSON (*.json)"));
    dialog->setObjectName(QStringLiteral("tableExportDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("csv"));
    QObject::connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
        dialog->setDefaultSuffix(
            filter.contains(QStringLiteral("json")) ? QStringLiteral("json") : QStringLiteral("csv"));
    });
    QObject::connect(dialog, &QFileDialog::fileSelected, &view, [&view](const QString& path) {
        auto* job = new TableExport(*view.model(), path, &view);
        QObject::connect(
            job, &TableExport::failed, &view, [&view](const Error& error) { showExportError(error, &view); });
        job->start();
    });
    dialog->open();
}

} // namespace

QString csvLine(const QStringList& cells)
{
    QStringList quoted;
    for (const QString& cell : cells)
        quoted += csvCell(cell);
    return quoted.join(u',') + QStringLiteral("\r\n");
}

TableExport::TableExport(const QAbstractItemModel& model, const QString& path, QObject* parent)
    : QObject(parent)
    , m_model(&model)
    , m_titles(titlesOf(model))
    , m_file(path)
    , m_json(QFileInfo(path).suffix().compare(QStringLiteral("json"), Qt::CaseInsensitive) == 0)
{
    connect(&model, &QAbstractItemModel::modelReset, this, [this] { m_changed = true; });
}

void TableExport::start()
{
    if (!m_file.open(QIODevice::WriteOnly))
        return end(false);
    m_file.write(m_json ? QByteArray("[") : csvLine(m_titles).toUtf8());
    writeSome();
}

void TableExport::writeSome()
{
    if (!m_model || m_changed) {
        m_file.cancelWriting();
        return end(false);
    }
    const int end = std::min(m_row + kRowsATime, m_model->rowCount());
    for (; m_row < end; ++m_row)
        m_file.write(rowText(m_row));
    if (m_row < m_model->rowCount())
        return QTimer::singleShot(0, this, &TableExport::writeSome);
    m_file.write(m_json ? QByteArray("\n]\n") : QByteArray());
    this->end(true);
}

void TableExport::end(bool complete)
{
    if (complete && m_file.commit()) {
        Q_EMIT finished(m_file.fileName());
    } else {
        const QString what
            = m_changed || !m_model ? tr("The table changed before all of it was written") : m_file.errorString();
        Q_EMIT failed(Error{ErrorKind::Io, what.toStdString(), std::nullopt, {}, m_file.fileName().toStdString()});
    }
    deleteLater();
}

QByteArray TableExport::rowText(int row) const
{
    const QStringList values = cellsOf(*m_model, row);
    if (!m_json)
        return csvLine(values).toUtf8();
    QJsonObject object;
    for (qsizetype column = 0; column < values.size(); ++column)
        object[m_titles[column]] = values[column];
    return (row == 0 ? "\n" : ",\n") + QJsonDocument(object).toJson(QJsonDocument::Compact);
}

void addTableActions(QAbstractItemView& view)
{
    auto* copy = new QAction(QObject::tr("Copy table"), &view);
    copy->setObjectName(QStringLiteral("copyTableAction"));
    QObject::connect(copy, &QAction::triggered, &view, [&view] { copyTable(*view.model()); });
    auto* save = new QAction(QObject::tr("Export table\u2026"), &view);
    save->setObjectName(QStringLiteral("exportTableAction"));
    QObject::connect(save, &QAction::triggered, &view, [&view] { chooseFile(view); });
    view.addAction(copy);
    view.addAction(save);
    view.setContextMenuPolicy(Qt::ActionsContextMenu);
}

QToolButton* makeTableButton(QAbstractItemView& view, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setObjectName(view.objectName() + QStringLiteral("Button"));
    button->setText(QObject::tr("Table"));
    button->setAccessibleName(QObject::tr("Copy or export the table"));
    button->setToolTip(QObject::tr("Copy the table, or save it as CSV or JSON"));
    button->setPopupMode(QToolButton::InstantPopup);
    button->setFocusPolicy(Qt::StrongFocus);
    button->addActions(view.actions());
    return button;
}

} // namespace cowscope::ui
