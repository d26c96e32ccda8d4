// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/navigator/command_palette.h"

#include "ui/common/table.h"
#include "ui/navigator/fuzzy.h"

#include <QAction>
#include <QDockWidget>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMainWindow>
#include <QMenu>
#include <QMenuBar>
#include <QStandardItemModel>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <map>
#include <set>

namespace cowscope::ui
{

namespace
{

const QString kSeparator = QStringLiteral(" \u203a ");
constexpr int kCommandRole = Qt::UserRole; ///< its place in m_commands

/// The text of an action without the marks of its keys.
QString plainName(QString text)
{
    text.replace(QStringLiteral("&&"), QStringLiteral("\x1f"));
    return text.remove(u'&').replace(u'\x1f', u'&');
}

/// The name of an action in a list where it stands without its menu and its check mark.
QString ownName(const QAction* action)
{
    const auto* dock = qobject_cast<const QDockWidget*>(action->parent());
    const QString name = plainName(action->text());
    return dock && dock->toggleViewAction() == action ? CommandPalette::tr("Show or hide %1").arg(name) : name;
}

/// Who types how the name of an action itself begins wants that action, whatever menu or panel it is of.
int beginsWith(const QString& name, const QString& text)
{
    constexpr int kBegins = 1000; // more than letters can score
    const QString wanted = text.trimmed();
    return !wanted.isEmpty() && name.startsWith(wanted, Qt::CaseInsensitive) ? kBegins : 0;
}

/// The panel that an action belongs to.
QString panelOf(const QAction* action)
{
    for (const QObject* each = action->parent(); each; each = each->parent())
        if (const auto* dock = qobject_cast<const QDockWidget*>(each))
            return dock->windowTitle();
    return {};
}

} // namespace

CommandPalette::CommandPalette(QWidget& window)
    : QDialog(&window)
    , m_text(new QLineEdit(this))
    , m_model(new QStandardItemModel(0, 2, this))
    , m_table(makeTable(QStringLiteral("paletteTable"), tr("Actions"), this))
{
    setObjectName(QStringLiteral("commandPalette"));
    setWindowTitle(tr("Command palette"));
    setAttribute(Qt::WA_DeleteOnClose);
    m_text->setObjectName(QStringLiteral("paletteText"));
    m_text->setAccessibleName(tr("Search for an action"));
    m_text->setPlaceholderText(tr("Type a few letters of an action"));
    m_text->installEventFilter(this);
    m_table->setModel(m_model);
    m_table->setFocusPolicy(Qt::NoFocus);
    m_table->horizontalHeader()->hide();
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_text);
    layout->addWidget(m_table, 1);
    resize(std::min(560, window.width() - 40), std::min(420, window.height() - 40));

    if (const auto* main = qobject_cast<const QMainWindow*>(&window))
        for (const QAction* top : main->menuBar()->actions())
            if (top->menu())
                addMenu(*top->menu(), plainName(top->text()));
    const auto others = window.findChildren<QAction*>();
    for (QAction* each : others)
        if (const QString panel = panelOf(each); !panel.isEmpty() && !each->menu())
            add(each, panel);
    tellApart();
    connect(m_text, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(m_table, &QTableView::clicked, this, &CommandPalette::run);
    filter({});
}

void CommandPalette::addMenu(const QMenu& menu, const QString& path)
{
    for (QAction* each : menu.actions()) {
        if (each->menu())
            addMenu(*each->menu(), path + kSeparator + plainName(each->text()));
        else
            add(each, path);
    }
}

void CommandPalette::add(QAction* action, const QString& path)
{
    const bool known = std::ranges::any_of(m_commands, [&](const Command& each) { return each.action == action; });
    if (!known && !action->isSeparator() && !action->text().isEmpty() && action->isVisible())
        m_commands.push_back({action, path, ownName(action)});
}

QString CommandPalette::Command::fullName() const
{
    return path + kSeparator + name;
}

/// Actions of one name in one panel: each table of it has its own, and is named with it.
void CommandPalette::tellApart()
{
    const auto nameOf = [](const Command& each) { return each.fullName(); };
    std::map<QString, int> counts;
    for (const Command& each : m_commands)
        ++counts[nameOf(each)];
    for (Command& each : m_commands)
        if (const auto* table = qobject_cast<const QWidget*>(each.action->parent());
            table && !table->accessibleName().isEmpty() && counts[nameOf(each)] > 1)
            each.path += kSeparator + table->accessibleName();
    std::set<QString> listed;
    std::erase_if(m_commands, [&](const Command& each) { return !listed.insert(nameOf(each)).second; });
}

void CommandPalette::filter(const QString& text)
{
    struct Hit {
        int score;
        std::size_t command;
    };
    std::vector<Hit> hits;
    for (std::size_t i = 0; i < m_commands.size(); ++i)
        if (const auto score = fuzzyScore(text, m_commands[i].fullName()); score && m_commands[i].action)
            hits.push_back({*score + beginsWith(m_commands[i].name, text), i});
    std::ranges::stable_sort(hits, std::ranges::greater(), &Hit::score);
    m_model->removeRows(0, m_model->rowCount());
    for (const Hit& hit : hits) {
        const Command& command = m_commands[hit.command];
        auto* name = new QStandardItem(command.fullName());
        name->setData(static_cast<int>(hit.command), kCommandRole);
        auto* keys = new QStandardItem(command.action->shortcut().toString(QKeySequence::NativeText));
        keys->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        name->setEnabled(command.action->isEnabled());
        keys->setEnabled(command.action->isEnabled());
        m_model->appendRow({name, keys});
    }
    m_table->resizeColumnToContents(1);
    showRow(*m_table, m_model->rowCount() > 0 ? 0 : -1);
}

void CommandPalette::run()
{
    const QModelIndex row = m_table->currentIndex().siblingAtColumn(0);
    if (!row.isValid())
        return;
    const QPointer<QAction> action = m_commands[static_cast<std::size_t>(row.data(kCommandRole).toInt())].action;
    if (!action || !action->isEnabled())
        return;
    accept();
    action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() != QEvent::KeyPress)
        return QDialog::eventFilter(watched, event);
    const auto* key = static_cast<const QKeyEvent*>(event);
    const int rows = m_model->rowCount();
    const int row = m_table->currentIndex().row();
    constexpr int kPage = 10;
    switch (key->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        run();
        return true;
    case Qt::Key_Down:
        showRow(*m_table, std::min(row + 1, rows - 1));
        return true;
    case Qt::Key_Up:
        showRow(*m_table, std::max(row - 1, rows > 0 ? 0 : -1));
        return true;
    case Qt::Key_PageDown:
        showRow(*m_table, std::min(row + kPage, rows - 1));
        return true;
    case Qt::Key_PageUp:
        showRow(*m_table, std::max(row - kPage, rows > 0 ? 0 : -1));
        return true;
    default:
        return QDialog::eventFilter(watched, event);
    }
}

} // namespace cowscope::ui
