// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/create/size_edit.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QSignalBlocker>

#include <algorithm>
#include <cmath>

namespace cowscope::ui
{

namespace
{
constexpr double kMaxBytes = 0x1p62;
constexpr int kDecimals = 3; ///< of every unit but bytes

/// Without zeros behind the decimal point: "20" rather than "20.000", which some read as twenty thousand.
class NumberBox : public QDoubleSpinBox
{
public:
    using QDoubleSpinBox::QDoubleSpinBox;

    QString textFromValue(double value) const override
    {
        QString text = QDoubleSpinBox::textFromValue(value);
        const QString point = locale().decimalPoint();
        if (decimals() == 0 || !text.contains(point))
            return text;
        while (text.endsWith(locale().zeroDigit()))
            text.chop(1);
        if (text.endsWith(point))
            text.chop(point.size());
        return text;
    }
};

} // namespace

SizeEdit::SizeEdit(const QString& objectName, const QString& accessibleName, QWidget* parent)
    : QWidget(parent)
    , m_number(new NumberBox(this))
    , m_unit(new QComboBox(this))
{
    setObjectName(objectName);
    setFocusProxy(m_number);
    m_number->setObjectName(objectName + QStringLiteral("Number"));
    m_number->setAccessibleName(accessibleName);
    m_number->setGroupSeparatorShown(true);
    m_number->setMinimumWidth(m_number->fontMetrics().averageCharWidth() * 18);
    m_unit->setObjectName(objectName + QStringLiteral("Unit"));
    m_unit->setAccessibleName(tr("Unit"));
    const QStringList units{tr("bytes"), QStringLiteral("KiB"), QStringLiteral("MiB"), QStringLiteral("GiB"),
        QStringLiteral("TiB"), QStringLiteral("PiB")};
    for (int i = 0; i < units.size(); ++i)
        m_unit->addItem(units[i], 10 * i); // log2 of the unit
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_number);
    layout->addWidget(m_unit);
    layout->addStretch(1);
    unitChanged();
    connect(m_number, &QDoubleSpinBox::valueChanged, this, &SizeEdit::changed);
    connect(m_unit, &QComboBox::currentIndexChanged, this, [this] {
        unitChanged();
        Q_EMIT changed();
    });
}

void SizeEdit::unitChanged()
{
    const QSignalBlocker quiet(m_number);
    const int shift = m_unit->currentData().toInt();
    m_number->setDecimals(shift == 0 ? 0 : kDecimals);
    m_number->setRange(0, std::ldexp(kMaxBytes, -shift));
}

std::uint64_t SizeEdit::bytes() const
{
    return static_cast<std::uint64_t>(std::llround(std::ldexp(m_number->value(), m_unit->currentData().toInt())));
}

void SizeEdit::setBytes(std::uint64_t bytes)
{
    int unit = 0;
    while (unit + 1 < m_unit->count() && bytes != 0 && bytes % (std::uint64_t{1} << (10 * (unit + 1))) == 0)
        ++unit;
    m_unit->setCurrentIndex(unit);
    m_number->setValue(std::ldexp(static_cast<double>(bytes), -10 * unit));
}

} // namespace cowscope::ui
