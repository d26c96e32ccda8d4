// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/header/header_edit.h"

#include <QScrollArea>

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLabel;
class QLineEdit;

namespace cowscope::ui
{

/// The fields of the header as rows: name, value, and a control for the value that it shall have. What cannot be
/// changed is shown, too, and says why. Knows no history: it shows an edit, and tells what the user asks for.
class FieldRows : public QScrollArea
{
    Q_OBJECT

public:
    explicit FieldRows(QWidget* parent = nullptr);

    void setFields(std::vector<HeaderFieldState> fields);

    /// Puts what the edit asks for into the controls, and marks the rows that it changes.
    void showEdit(const HeaderEdit& edit);

    void setEditable(bool editable); ///< false while the file is being read or written

Q_SIGNALS:
    /// The user asks for the bit, or for the extension to be there or not.
    void toggled(const cowscope::HeaderFieldState& state, bool on);
    void typed(const cowscope::HeaderFieldState& state, const QString& text); ///< a name or format
    void browseRequested(); ///< for the backing file
    void focused(const cowscope::HeaderFieldState& state);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Row {
        HeaderFieldState state;
        QLabel* name = nullptr;
        QCheckBox* box = nullptr; ///< of a bit or an extension
        QLineEdit* edit = nullptr; ///< of a name, or within the combo
        QComboBox* combo = nullptr; ///< of the format
    };

    void addHeadings(QGridLayout& grid);
    void addTitle(QGridLayout& grid, const QString& title, const QString& help);
    void addRow(QGridLayout& grid, HeaderFieldState state);
    QWidget* makeControl(Row& row);
    QWidget* makeToggle(Row& row);
    QWidget* makeFormat(Row& row);
    QWidget* makeName(Row& row);
    const Row* rowOf(const QObject* control) const;

    std::vector<Row> m_rows;
    bool m_showing = false; ///< controls are being set, not by the user
};

} // namespace cowscope::ui
