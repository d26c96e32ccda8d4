// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/lookup/lookup_panel.h"

#include "ui/common/format.h"
#include "ui/common/guest_text.h"
#include "ui/common/palette.h"
#include "ui/common/parse.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"
#include "ui/lookup/lookup_page.h"

#include <QComboBox>
#include <QLineEdit>
#include <QScopedValueRollback>
#include <QSignalBlocker>
#include <QTextBrowser>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr std::size_t kMostReferrers = 200;
constexpr std::size_t kListedSnapshots = 1000;

} // namespace

LookupPanel::LookupPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_direction(new QComboBox(this))
    , m_disk(new QComboBox(this))
    , m_offset(new QLineEdit(this))
    , m_text(new QTextBrowser(this))
{
    m_text->setObjectName(QStringLiteral("lookupText"));
    m_text->setAccessibleName(tr("Steps of the lookup"));
    m_text->setOpenLinks(false);
    m_text->setFrameShape(QFrame::NoFrame);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_text, 1);
    setContent(content);
    connect(m_text, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) {
        const QScopedValueRollback selecting(m_selecting, true);
        if (const auto range = lookupLink(url))
            m_document.selection().select(*range);
    });
    connect(&document, &ImageDocument::opened, this, &LookupPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &LookupPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &LookupPanel::showSelection);
    refresh();
}

QWidget* LookupPanel::makeBar()
{
    m_direction->setObjectName(QStringLiteral("lookupDirection"));
    m_direction->setAccessibleName(tr("Direction of the lookup"));
    m_direction->addItems({tr("Guest offset"), tr("Host offset")});
    m_disk->setObjectName(QStringLiteral("lookupDisk"));
    m_disk->setAccessibleName(tr("Disk whose tables are followed"));
    m_disk->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_disk->setMinimumContentsLength(10);
    m_offset->setObjectName(QStringLiteral("lookupOffset"));
    m_offset->setAccessibleName(tr("Offset to look up"));
    m_offset->setPlaceholderText(tr("0x50000, 12M"));
    auto* go = new QToolButton(this);
    go->setObjectName(QStringLiteral("lookupGo"));
    go->setText(tr("Look up"));
    go->setAccessibleName(tr("Look up"));
    go->setToolTip(tr("Shows each step to the bytes, or back to who refers to them"));
    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addWidget(m_direction);
    layout->addWidget(m_offset);
    layout->addWidget(m_disk);
    layout->addWidget(go);
    connect(go, &QToolButton::clicked, this, &LookupPanel::lookUp);
    connect(m_offset, &QLineEdit::returnPressed, this, &LookupPanel::lookUp);
    connect(m_direction, &QComboBox::currentIndexChanged, this, [this](int direction) {
        m_disk->setEnabled(direction == FromGuest);
        showSelection();
    });
    connect(m_disk, &QComboBox::currentIndexChanged, this, &LookupPanel::lookUp);
    return bar;
}

void LookupPanel::refresh()
{
    m_job.reset();
    m_text->clear();
    const QSignalBlocker quiet(m_disk);
    m_disk->clear();
    const auto image = m_document.image();
    if (!image) {
        showEmpty(tr("How an offset is looked up in an open image appears here."));
        return;
    }
    m_disk->addItem(diskText(*image, std::nullopt));
    for (std::size_t i = 0; i < std::min(kListedSnapshots, image->snapshots().size()); ++i)
        m_disk->addItem(diskText(*image, i));
    m_disk->setEnabled(m_direction->currentIndex() == FromGuest);
    showContent();
    m_offset->setText(QStringLiteral("0x0"));
    lookUp();
}

/// A selected guest offset is followed at once; where anything else stands is offered for the way back.
void LookupPanel::showSelection()
{
    const auto image = m_document.image();
    if (!image || m_selecting)
        return;
    const Selection::Value& value = m_document.selection().current();
    if (const auto* guest = std::get_if<GuestRange>(&value)) {
        {
            const QSignalBlocker quietDirection(m_direction);
            const QSignalBlocker quietDisk(m_disk);
            m_direction->setCurrentIndex(FromGuest);
            m_disk->setEnabled(true);
            m_disk->setCurrentIndex(guest->snapshot ? static_cast<int>(*guest->snapshot) + 1 : 0);
        }
        m_offset->setText(formatHex(guest->first.value()));
        lookUp();
    } else if (m_direction->currentIndex() == FromHost) {
        if (const auto bytes = selectedBytes(value, *image))
            m_offset->setText(formatOffset(bytes->first));
    }
}

void LookupPanel::lookUp()
{
    if (!m_document.image())
        return;
    const QString text = m_offset->text().trimmed();
    const auto bytes = parseBytes(text);
    const auto offset = bytes ? bytes : parseNumber(text);
    if (!offset)
        m_text->setPlainText(tr("Type an offset in bytes: 327680, 0x50000 or 12M."));
    else if (m_direction->currentIndex() == FromGuest)
        lookUpGuest(GuestOffset(*offset));
    else
        lookUpHost(HostOffset(*offset));
}

void LookupPanel::start(Job::Work work, std::function<QString(const std::any&)> page)
{
    m_job = std::make_unique<Job>(tr("Looking up"), std::move(work));
    connect(m_job.get(), &Job::finished, this,
        [this, page = std::move(page)](const std::any& result) { m_text->setHtml(page(result)); });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) { m_text->setHtml(errorText(error)); });
    m_job->start();
}

void LookupPanel::lookUpGuest(GuestOffset guest)
{
    const auto image = m_document.image();
    const std::optional<std::size_t> snapshot = m_disk->currentIndex() > 0
        ? std::optional(static_cast<std::size_t>(m_disk->currentIndex() - 1))
        : std::nullopt;
    start(
        [image, guest, snapshot](const TaskContext&) -> Result<std::any> {
            auto trace = traceGuest(*image, guest, snapshot);
            if (!trace)
                return failed(trace);
            return std::any(std::move(*trace));
        },
        [this](const std::any& result) {
            return lookupPage(std::any_cast<const GuestTrace&>(result), findingColor(isDark(palette())));
        });
}

void LookupPanel::lookUpHost(HostOffset host)
{
    m_text->setPlainText(tr("Looking for who refers to it\u2026"));
    const auto image = m_document.image();
    start(
        [image, host](const TaskContext& task) -> Result<std::any> {
            auto trace = traceHost(*image, host, kMostReferrers, task);
            if (!trace)
                return failed(trace);
            return std::any(std::move(*trace));
        },
        [this, image](const std::any& result) {
            return lookupPage(std::any_cast<const HostTrace&>(result), *image, findingColor(isDark(palette())));
        });
}

} // namespace cowscope::ui
