// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;

namespace cowscope::ui
{

/// A size in bytes as a number and a unit.
class SizeEdit : public QWidget
{
    Q_OBJECT

public:
    explicit SizeEdit(const QString& objectName, const QString& accessibleName, QWidget* parent = nullptr);

    std::uint64_t bytes() const; ///< rounded to whole bytes
    void setBytes(std::uint64_t bytes); ///< in the largest unit that shows them exactly

Q_SIGNALS:
    void changed();

private:
    void unitChanged();

    QDoubleSpinBox* m_number;
    QComboBox* m_unit;
};

} // namespace cowscope::ui
