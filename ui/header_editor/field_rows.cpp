// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/field_rows.h"

#include "core/edit/header/header_rules.h"
#include "ui/common/format.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScopedValueRollback>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

using Kind = HeaderField::Kind;

/// Names that tests and style sheets find a control by: "bit.0.1", "backingFile", "extension.12345678".
QString controlName(const HeaderField& field)
{
    switch (field.kind) {
    case Kind::Feature:
        return QStringLiteral("bit.%1.%2").arg(static_cast<int>(field.feature.type)).arg(field.feature.bit);
    case Kind::BackingFile:
        return QStringLiteral("backingFile");
    case Kind::BackingFormat:
        return QStringLiteral("backingFormat");
    case Kind::DataFile:
        return QStringLiteral("dataFile");
    case Kind::Extension:
        break;
    }
    return QStringLiteral("extension.%1").arg(field.extension, 8, 16, QLatin1Char('0'));
}

QString presentText(const HeaderFieldState& state)
{
    switch (state.field.kind) {
    case Kind::Feature:
        return state.on ? FieldRows::tr("set") : FieldRows::tr("clear");
    case Kind::Extension:
        return toQString(state.text);
    default:
        return state.on ? toQString(state.text) : FieldRows::tr("none");
    }
}

/// What an edit makes of a row.
bool wantedOn(const HeaderFieldState& state, const HeaderEdit& edit)
{
    if (state.field.kind == Kind::Extension)
        return !edit.dropped.contains(state.field.extension);
    const auto wanted = edit.features.find(state.field.feature);
    return wanted == edit.features.end() ? state.on : wanted->second;
}

std::string wantedText(const HeaderFieldState& state, const HeaderEdit& edit)
{
    switch (state.field.kind) {
    case Kind::BackingFile:
        return edit.backingFile.value_or(state.text);
    case Kind::BackingFormat:
        return edit.backingFormat.value_or(state.text);
    default:
        return edit.dataFile.value_or(state.text);
    }
}

/// A long name must not make the table wide: it is cut in its middle, and whole in the tooltip.
QLabel* makePresent(const HeaderFieldState& state, QWidget* parent)
{
    constexpr int kLetters = 22;
    const QString text = presentText(state);
    auto* label = new QLabel(parent);
    label->setTextFormat(Qt::PlainText);
    label->setText(
        label->fontMetrics().elidedText(text, Qt::ElideMiddle, label->fontMetrics().averageCharWidth() * kLetters));
    label->setToolTip(plainToolTip(text));
    return label;
}

} // namespace

FieldRows::FieldRows(QWidget* parent)
    : QScrollArea(parent)
{
    setObjectName(QStringLiteral("fieldRows"));
    setAccessibleName(tr("Fields of the header"));
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::NoFocus);
}

void FieldRows::setFields(std::vector<HeaderFieldState> fields)
{
    m_rows.clear();
    auto* content = new QWidget;
    auto* grid = new QGridLayout(content);
    grid->setContentsMargins(0, 0, 8, 0);
    grid->setVerticalSpacing(2);
    grid->setHorizontalSpacing(12);
    grid->setColumnStretch(2, 1);
    const auto titleOf = [](const HeaderField& field) -> std::pair<QString, QString> {
        if (field.kind == Kind::Extension)
            return {tr("Header extensions"), tr("without a line of their own above")};
        if (field.kind != Kind::Feature)
            return {tr("Names"), tr("of other files")};
        if (field.feature.type == FeatureType::Incompatible)
            return {tr("Incompatible features"), tr("a reader must know them")};
        if (field.feature.type == FeatureType::Compatible)
            return {tr("Compatible features"), tr("a reader may ignore them")};
        return {tr("Autoclear features"), tr("a writer that does not know them clears them")};
    };
    addHeadings(*grid);
    QString shown;
    for (HeaderFieldState& state : fields) {
        if (const auto [title, help] = titleOf(state.field); title != shown) {
            addTitle(*grid, title, help);
            shown = title;
        }
        addRow(*grid, std::move(state));
    }
    grid->setRowStretch(grid->rowCount(), 1);
    setWidget(content); // the old one goes with its rows
    content->setAutoFillBackground(false);
    setMinimumWidth(content->minimumSizeHint().width());
}

void FieldRows::addHeadings(QGridLayout& grid)
{
    int column = 0;
    for (const QString& heading : {tr("Field"), tr("Now"), tr("Shall be")}) {
        auto* label = new QLabel(heading);
        label->setForegroundRole(QPalette::PlaceholderText);
        grid.addWidget(label, 0, column++);
    }
}

void FieldRows::addTitle(QGridLayout& grid, const QString& title, const QString& help)
{
    auto* label = new QLabel(tr("<b>%1</b> \u2013 %2").arg(title, help));
    label->setTextFormat(Qt::RichText);
    label->setContentsMargins(0, grid.rowCount() > 1 ? 8 : 2, 0, 0);
    grid.addWidget(label, grid.rowCount(), 0, 1, 3);
}

void FieldRows::addRow(QGridLayout& grid, HeaderFieldState state)
{
    Row row{std::move(state)};
    row.name = new QLabel(toQString(row.state.name));
    row.name->setTextFormat(Qt::PlainText);
    QWidget* control = makeControl(row);
    const QString why = row.state.whyFixed.empty() ? QString() : toQString(row.state.whyFixed) + u'.';
    const QString help = toQString(row.state.about) + (why.isEmpty() ? QString() : u'\n' + why);
    for (QWidget* each : {static_cast<QWidget*>(row.name), control})
        each->setToolTip(plainToolTip(help));
    const int line = grid.rowCount();
    grid.addWidget(row.name, line, 0);
    grid.addWidget(makePresent(row.state, this), line, 1);
    grid.addWidget(control, line, 2);
    m_rows.push_back(std::move(row));
}

QWidget* FieldRows::makeControl(Row& row)
{
    switch (row.state.field.kind) {
    case Kind::BackingFile:
    case Kind::DataFile:
        return makeName(row);
    case Kind::BackingFormat:
        return makeFormat(row);
    case Kind::Feature:
    case Kind::Extension:
        break;
    }
    return makeToggle(row);
}

QWidget* FieldRows::makeToggle(Row& row)
{
    const bool isExtension = row.state.field.kind == Kind::Extension;
    row.box = new QCheckBox(isExtension ? tr("keep") : tr("set"));
    row.box->setObjectName(controlName(row.state.field));
    row.box->setAccessibleName(isExtension ? tr("Keep %1").arg(toQString(row.state.name)) : toQString(row.state.name));
    row.box->setAccessibleDescription(toQString(row.state.about));
    row.box->setEnabled(row.state.whyFixed.empty());
    row.box->installEventFilter(this);
    connect(row.box, &QCheckBox::toggled, this, [this, state = row.state](bool on) {
        if (!m_showing)
            Q_EMIT toggled(state, on);
    });
    return row.box;
}

QWidget* FieldRows::makeFormat(Row& row)
{
    row.combo = new QComboBox;
    row.combo->setObjectName(controlName(row.state.field));
    row.combo->setAccessibleName(tr("Format of the backing file"));
    row.combo->setEditable(true);
    row.combo->setInsertPolicy(QComboBox::NoInsert);
    row.combo->setCompleter(nullptr); // what is typed is meant
    row.combo->addItem(QString());
    for (const std::string_view format : backingFormats())
        row.combo->addItem(toQString(format));
    row.edit = row.combo->lineEdit();
    row.edit->setPlaceholderText(tr("none"));
    row.edit->installEventFilter(this);
    row.combo->installEventFilter(this);
    connect(row.combo, &QComboBox::currentTextChanged, this, [this, state = row.state](const QString& text) {
        if (!m_showing)
            Q_EMIT typed(state, text);
    });
    return row.combo;
}

QWidget* FieldRows::makeName(Row& row)
{
    row.edit = new QLineEdit;
    row.edit->setObjectName(controlName(row.state.field));
    row.edit->setAccessibleName(toQString(row.state.name));
    row.edit->setPlaceholderText(tr("none"));
    row.edit->setEnabled(row.state.whyFixed.empty());
    row.edit->setMinimumWidth(row.edit->fontMetrics().averageCharWidth() * 18);
    row.edit->installEventFilter(this);
    connect(row.edit, &QLineEdit::textChanged, this, [this, state = row.state](const QString& text) {
        if (!m_showing)
            Q_EMIT typed(state, text);
    });
    if (row.state.field.kind != Kind::BackingFile)
        return row.edit;
    auto* pair = new QWidget;
    auto* browse = new QPushButton(tr("&Browse\u2026"), pair);
    browse->setObjectName(QStringLiteral("browseBackingFile"));
    browse->setAccessibleName(tr("Choose the backing file"));
    browse->setAutoDefault(false);
    connect(browse, &QPushButton::clicked, this, &FieldRows::browseRequested);
    auto* layout = new QHBoxLayout(pair);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(row.edit, 1);
    layout->addWidget(browse);
    return pair;
}

void FieldRows::showEdit(const HeaderEdit& edit)
{
    const QScopedValueRollback showing(m_showing, true);
    for (Row& row : m_rows) {
        bool changed = false;
        if (row.box) {
            row.box->setChecked(wantedOn(row.state, edit));
            changed = row.box->isChecked() != row.state.on;
        } else {
            const QString text = toQString(wantedText(row.state, edit));
            if (row.edit->text() != text)
                row.edit->setText(text);
            changed = text != toQString(row.state.text);
        }
        QFont font = row.name->font();
        font.setBold(changed);
        row.name->setFont(font);
    }
}

void FieldRows::setEditable(bool editable)
{
    if (widget())
        widget()->setEnabled(editable);
}

const FieldRows::Row* FieldRows::rowOf(const QObject* control) const
{
    const auto found = std::ranges::find_if(m_rows,
        [control](const Row& row) { return row.box == control || row.edit == control || row.combo == control; });
    return found == m_rows.end() ? nullptr : &*found;
}

/// A line that gets the focus is explained. Undo and redo are the window's: a line that undid its own letters would
/// leave the history behind.
bool FieldRows::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::FocusIn) {
        if (const Row* row = rowOf(watched)) {
            ensureWidgetVisible(row->name);
            Q_EMIT focused(row->state);
        }
    }
    if (event->type() == QEvent::ShortcutOverride) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->matches(QKeySequence::Undo) || key->matches(QKeySequence::Redo)) {
            event->ignore();
            return true;
        }
    }
    return QScrollArea::eventFilter(watched, event);
}

} // namespace cowscope::ui
