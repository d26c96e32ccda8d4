// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hex/hex_panel.h"

#include "core/analysis/byte_search.h"
#include "ui/common/format.h"
#include "ui/common/tool_button.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"
#include "ui/hex/hex_text.h"
#include "ui/hex/hex_view.h"
#include "ui/hex/place_panel.h"

#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QScopedValueRollback>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{

constexpr int kWidth = 960; ///< pixels from which on there is room for two columns
constexpr std::uint64_t kMostCopied = std::uint64_t{4} << 20; ///< bytes; their text is several times as long

/// Searches from `start` to the end (backward: to the beginning) of the file, then the rest of it.
Result<std::any> searchAround(
    const Image& image, const BytePattern& pattern, std::uint64_t start, const TaskContext& task)
{
    const std::uint64_t size = image.fileSize();
    const auto find = [&](std::uint64_t from, std::uint64_t to, std::uint64_t before) {
        const TaskContext part{task.stop, [&task, size, before](const Progress& progress) {
                                   task.report({progress.phase, before + progress.done, size});
                               }};
        return findBytes(image.storage(), pattern, from, to, part);
    };
    auto found = pattern.backward ? find(0, start, 0) : find(start, size, 0);
    if (found && !*found)
        found = pattern.backward ? find(start, size, start) : find(0, start, size - start);
    if (!found)
        return failed(found);
    return std::any(*found);
}

} // namespace

HexPanel::HexPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_split(new QSplitter(Qt::Vertical, this))
    , m_view(new HexView(m_cache, this))
    , m_place(new PlacePanel(m_cache, this))
    , m_searchFor(new QComboBox(this))
    , m_pattern(new QLineEdit(this))
    , m_next(makeToolButton(QStringLiteral("hexFindNext"), tr("Find"), tr("Find the next place (F3)"), this))
    , m_previous(
          makeToolButton(QStringLiteral("hexFindPrevious"), QString(), tr("Find the previous place (Shift+F3)"), this))
    , m_matchCase(
          makeToolButton(QStringLiteral("hexMatchCase"), tr("Aa"), tr("Tell capital and small letters apart"), this))
    , m_progress(new QProgressBar(this))
    , m_stop(makeToolButton(QStringLiteral("hexStopSearch"), tr("Stop"), tr("Stop the search"), this))
    , m_bookmarkMenu(new QMenu(this))
    , m_status(new QLabel(this))
{
    m_status->setObjectName(QStringLiteral("hexStatus"));
    m_status->setAccessibleName(tr("Byte at the cursor"));
    m_status->setTextFormat(Qt::PlainText);
    m_status->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_status->setMargin(3);
    m_split->addWidget(m_view);
    m_split->addWidget(m_place);
    m_split->setStretchFactor(0, 2);
    m_split->setStretchFactor(1, 1);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_split, 1);
    layout->addWidget(m_status);
    setContent(content);
    setTabOrder(m_stop, m_view);

    connect(m_view, &HexView::rangeSelected, this, [this](const ByteRange& range, Selection::Step step) {
        const QScopedValueRollback selecting(m_selecting, true);
        m_document.selection().select(range, step);
    });
    connect(m_view, &HexView::followRequested, this, &HexPanel::follow);
    connect(m_place, &PlacePanel::fieldChosen, this, &HexPanel::select);
    connect(&m_cache, &ByteCache::loaded, this, [this] {
        if (!m_saying)
            m_status->setText(m_view->describe(m_view->cursor()));
    });
    connect(&document, &ImageDocument::opened, this, &HexPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &HexPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &HexPanel::showSelection);
    refresh();
}

/// What is decoded stands beside the bytes where there is room for both, else below them.
void HexPanel::resizeEvent(QResizeEvent* event)
{
    EmptyState::resizeEvent(event);
    const Qt::Orientation orientation = width() >= kWidth ? Qt::Horizontal : Qt::Vertical;
    if (orientation == m_split->orientation())
        return;
    m_split->setOrientation(orientation);
    const int length = orientation == Qt::Horizontal ? width() : height();
    m_split->setSizes({length * 2 / 3, length / 3});
}

QWidget* HexPanel::makeBar()
{
    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(4, 4, 4, 4);
    addSearch(*layout);
    layout->addWidget(makeCopyButton());
    layout->addWidget(makeBookmarkButton());
    return bar;
}

void HexPanel::addSearch(QLayout& layout)
{
    m_searchFor->setObjectName(QStringLiteral("hexSearchFor"));
    m_searchFor->setAccessibleName(tr("What to search for"));
    m_searchFor->addItems({tr("Text"), tr("Bytes")});
    m_pattern->setObjectName(QStringLiteral("hexPattern"));
    m_pattern->setAccessibleName(tr("Search in the file"));
    m_pattern->setPlaceholderText(tr("Search in the file"));
    m_pattern->setToolTip(tr("Text, or bytes as pairs of hex digits: 51 46 49 fb (Ctrl+F)"));
    m_pattern->setMinimumWidth(110);
    m_progress->setObjectName(QStringLiteral("hexSearchProgress"));
    m_progress->setAccessibleName(tr("How much of the file has been searched"));
    m_progress->setMaximum(1000);
    m_progress->setMaximumWidth(120);
    m_progress->hide();
    m_stop->hide();
    m_previous->setArrowType(Qt::UpArrow);
    m_matchCase->setCheckable(true);
    m_matchCase->setChecked(true);
    connect(
        m_searchFor, &QComboBox::currentIndexChanged, this, [this](int kind) { m_matchCase->setEnabled(kind == 0); });
    const auto addKey = [this](const QString& text, QKeySequence::StandardKey key, bool backward) {
        auto* action = new QAction(text, this);
        action->setShortcut(key);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        addAction(action);
        connect(action, &QAction::triggered, this, [this, backward] { search(backward); });
    };
    addKey(tr("Find next"), QKeySequence::FindNext, false);
    addKey(tr("Find previous"), QKeySequence::FindPrevious, true);
    connect(m_pattern, &QLineEdit::returnPressed, this, [this] { search(false); });
    connect(m_next, &QToolButton::clicked, this, [this] { search(false); });
    connect(m_previous, &QToolButton::clicked, this, [this] { search(true); });
    connect(m_stop, &QToolButton::clicked, this, [this] {
        if (m_search)
            m_search->cancel();
    });
    for (QWidget* each :
        std::initializer_list<QWidget*>{m_searchFor, m_pattern, m_matchCase, m_next, m_previous, m_progress, m_stop})
        layout.addWidget(each);
}

QToolButton* HexPanel::makeCopyButton()
{
    struct Way {
        QString name;
        QString text;
        Format format;
    };
    auto* button = makeToolButton(QStringLiteral("hexCopy"), tr("Copy"), tr("Copy the selected bytes"), this);
    auto* menu = new QMenu(button);
    for (const Way& way : {Way{QStringLiteral("copyHex"), tr("Copy as &Hex"), hexText},
             Way{QStringLiteral("copyCArray"), tr("Copy as &C Array"), cArrayText},
             Way{QStringLiteral("copyText"), tr("Copy as &Text"), plainText}}) {
        QAction* action = menu->addAction(way.text, this, [this, format = way.format] { copy(format); });
        action->setObjectName(way.name);
        m_view->addAction(action);
    }
    QAction* first = menu->actions().constFirst();
    first->setShortcut(QKeySequence::Copy);
    first->setShortcutContext(Qt::WidgetShortcut);
    QAction* offset = menu->addAction(
        tr("Copy &Offset"), this, [this] { QGuiApplication::clipboard()->setText(formatHex(m_view->cursor())); });
    offset->setObjectName(QStringLiteral("copyOffset"));
    m_view->addAction(offset);
    m_view->setContextMenuPolicy(Qt::ActionsContextMenu);
    button->setMenu(menu);
    button->setPopupMode(QToolButton::InstantPopup);
    return button;
}

QToolButton* HexPanel::makeBookmarkButton()
{
    auto* button
        = makeToolButton(QStringLiteral("hexBookmarks"), tr("Bookmarks"), tr("Named places of this file"), this);
    auto* add = new QAction(tr("&Add Bookmark\u2026"), this);
    add->setObjectName(QStringLiteral("addBookmark"));
    add->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_B));
    add->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(add, &QAction::triggered, this, &HexPanel::addBookmark);
    addAction(add);
    m_bookmarkMenu->setObjectName(QStringLiteral("bookmarkMenu"));
    connect(m_bookmarkMenu, &QMenu::aboutToShow, this, &HexPanel::fillBookmarks);
    button->setMenu(m_bookmarkMenu);
    button->setPopupMode(QToolButton::InstantPopup);
    return button;
}

void HexPanel::fillBookmarks()
{
    m_bookmarkMenu->clear();
    for (QAction* each : actions())
        if (each->objectName() == QStringLiteral("addBookmark"))
            m_bookmarkMenu->addAction(each);
    if (m_bookmarks.list().empty())
        return;
    m_bookmarkMenu->addSeparator();
    for (const Bookmark& each : m_bookmarks.list())
        m_bookmarkMenu->addAction(
            tr("%1 (%2)").arg(QString(each.name).replace(u'&', QStringLiteral("&&")), formatOffset(each.range.first)),
            this, [this, range = each.range] { select(range); });
    m_bookmarkMenu->addSeparator();
    QMenu* removal = m_bookmarkMenu->addMenu(tr("&Remove"));
    for (std::size_t i = 0; i < m_bookmarks.list().size(); ++i)
        removal->addAction(QString(m_bookmarks.list()[i].name).replace(u'&', QStringLiteral("&&")), this,
            [this, i] { m_bookmarks.remove(i); });
}

void HexPanel::addBookmark()
{
    if (!m_document.image() || m_document.image()->fileSize() == 0)
        return;
    const ByteRange range = m_view->selected().value_or(ByteRange{HostOffset(m_view->cursor()), 1});
    auto* dialog = new QInputDialog(this);
    dialog->setObjectName(QStringLiteral("bookmarkDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Add bookmark"));
    dialog->setLabelText(tr("Name of the place at %1:").arg(formatOffset(range.first)));
    dialog->setTextValue(formatOffset(range.first));
    connect(dialog, &QInputDialog::textValueSelected, this, [this, range](const QString& name) {
        if (!name.trimmed().isEmpty())
            m_bookmarks.add({name.trimmed(), range});
    });
    dialog->open();
}

void HexPanel::refresh()
{
    m_search.reset();
    m_copy.reset();
    searchEnded({});
    const auto image = m_document.image();
    const auto census = m_document.census();
    const auto map = census ? std::shared_ptr<const ClusterMap>(census, &census->map) : nullptr;
    m_cache.setImage(image);
    m_view->setImage(image, map);
    m_place->setImage(image, map);
    m_bookmarks.load(m_document.path());
    if (!image) {
        showEmpty(tr("The bytes of an open image appear here."));
        return;
    }
    showContent();
    showSelection();
}

void HexPanel::showSelection()
{
    const auto image = m_document.image();
    if (!image)
        return;
    if (!m_selecting)
        m_view->setSelected(selectedBytes(m_document.selection().current(), *image));
    m_place->showPlace(HostOffset(m_view->cursor()));
    m_saying = false;
    m_status->setText(m_view->describe(m_view->cursor()));
}

void HexPanel::say(const QString& message)
{
    m_saying = true;
    m_status->setText(message);
}

void HexPanel::select(const ByteRange& range)
{
    m_document.selection().select(range);
}

void HexPanel::follow()
{
    const auto target = m_place->target();
    if (target)
        m_document.selection().select(ClusterRange{m_document.image()->geometry().cluster(*target), 1});
    else
        say(tr("These bytes lead to no place in the file."));
}

void HexPanel::startSearch()
{
    m_pattern->setFocus(Qt::ShortcutFocusReason);
    m_pattern->selectAll();
}

/// Where a search begins: behind the place found last (before it, backward); the first one also finds what begins at
/// the cursor.
std::uint64_t HexPanel::searchStart(bool backward) const
{
    const auto selected = m_view->selected();
    const std::uint64_t cursor = selected ? selected->first.value() + (backward ? 0 : 1) : m_view->cursor();
    return std::min(cursor, m_document.image()->fileSize());
}

void HexPanel::search(bool backward)
{
    const auto image = m_document.image();
    if (!image || m_search)
        return;
    const bool text = m_searchFor->currentIndex() == 0;
    auto bytes = searchPattern(m_pattern->text(), !text);
    if (!bytes) {
        say(bytes.error());
        return;
    }
    const std::uint64_t length = bytes->size();
    const std::uint64_t start = searchStart(backward);
    m_search = std::make_unique<Job>(tr("Searching"),
        [image, start, pattern = BytePattern{std::move(*bytes), text && !m_matchCase->isChecked(), backward}](
            const TaskContext& task) { return searchAround(*image, pattern, start, task); });
    connect(m_search.get(), &Job::progressed, this, [this](const Progress& progress) {
        m_progress->setVisible(true);
        m_progress->setValue(progress.total == 0 ? 0 : static_cast<int>(progress.done / (progress.total / 1000 + 1)));
    });
    connect(m_search.get(), &Job::finished, this, [this, length, start, backward](const std::any& result) {
        const auto found = std::any_cast<std::optional<std::uint64_t>>(result);
        searchEnded(found ? QString() : tr("That is nowhere in the file."));
        if (!found)
            return;
        select({HostOffset(*found), length});
        const QString place = formatHex(*found);
        say(!backward && *found < start       ? tr("Found at %1, from the beginning of the file on").arg(place)
                : backward && *found >= start ? tr("Found at %1, from the end of the file on").arg(place)
                                              : tr("Found at %1").arg(place));
    });
    connect(m_search.get(), &Job::failed, this, [this](const Error& error) { searchEnded(toQString(error.text())); });
    connect(m_search.get(), &Job::cancelled, this, [this] { searchEnded(tr("The search was stopped.")); });
    m_next->setEnabled(false);
    m_previous->setEnabled(false);
    m_stop->show();
    say(tr("Searching\u2026"));
    m_search->start();
}

void HexPanel::searchEnded(const QString& message)
{
    if (m_search)
        m_search.release()->deleteLater();
    m_progress->hide();
    m_stop->hide();
    m_next->setEnabled(true);
    m_previous->setEnabled(true);
    if (!message.isEmpty())
        say(message);
}

void HexPanel::copy(Format format)
{
    const auto image = m_document.image();
    if (!image)
        return;
    const ByteRange range = m_view->selected().value_or(ByteRange{HostOffset(m_view->cursor()), 1});
    if (range.count > kMostCopied) {
        say(tr("Too much to copy: %1 are selected, at most %2 can be copied.")
                .arg(formatBytes(range.count), formatBytes(kMostCopied)));
        return;
    }
    m_copy = std::make_unique<Job>(tr("Copying"), [image, range, format](const TaskContext&) -> Result<std::any> {
        std::vector<std::byte> bytes(range.count);
        auto read = image->storage().read(range.first.value(), bytes);
        if (!read)
            return failed(read);
        bytes.resize(*read);
        return std::any(format(bytes));
    });
    connect(m_copy.get(), &Job::finished, this, [this](const std::any& result) {
        QGuiApplication::clipboard()->setText(std::any_cast<QString>(result));
        say(tr("Copied."));
    });
    connect(m_copy.get(), &Job::failed, this, [this](const Error& error) { say(toQString(error.text())); });
    m_copy->start();
}

} // namespace cowscope::ui
