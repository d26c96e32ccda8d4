// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>
#include <QPointer>

#include <vector>

class QAction;
class QLineEdit;
class QMenu;
class QStandardItemModel;
class QTableView;

namespace cowscope::ui
{

/// Every action of a window, found by a few letters of its name and carried out with Enter.
class CommandPalette : public QDialog
{
    Q_OBJECT

public:
    /// Collects the actions of `window`: its menus', then those of its panels.
    explicit CommandPalette(QWidget& window);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Command {
        QPointer<QAction> action;
        QString path; ///< the menus or the panel that it is in
        QString name; ///< its own

        QString fullName() const;
    };

    void addMenu(const QMenu& menu, const QString& path);
    void add(QAction* action, const QString& path);
    void tellApart();
    void filter(const QString& text);
    void run();

    std::vector<Command> m_commands;
    QLineEdit* m_text;
    QStandardItemModel* m_model;
    QTableView* m_table;
};

} // namespace cowscope::ui
