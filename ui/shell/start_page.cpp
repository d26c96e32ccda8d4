// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/start_page.h"

#include "ui/common/format.h"
#include "ui/shell/recent_files.h"
#include "ui/shell/samples.h"

#include <QFileInfo>
#include <QIcon>
#include <QLabel>
#include <QListWidget>
#include <QMessageBox>
#include <QPushButton>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{

constexpr int kWidth = 620;

QListWidget* makeList(const QString& objectName, const QString& accessibleName, QWidget* parent)
{
    auto* list = new QListWidget(parent);
    list->setObjectName(objectName);
    list->setAccessibleName(accessibleName);
    list->setAlternatingRowColors(true);
    list->setTextElideMode(Qt::ElideMiddle);
    list->setSpacing(2);
    list->setMouseTracking(true);
    list->setCursor(Qt::PointingHandCursor);
    return list;
}

/// Exactly as high as its rows, up to a few.
void fitHeight(QListWidget& list)
{
    constexpr int kMostRows = 6;
    const int rows = std::clamp(list.count(), 1, kMostRows);
    const int row = list.count() > 0 ? list.sizeHintForRow(0) : list.fontMetrics().height();
    list.setFixedHeight(rows * (row + 2 * list.spacing()) + 2 * list.frameWidth());
}

QLabel* makeHeading(const QString& text, QWidget* buddy)
{
    auto* label = new QLabel(text, buddy->parentWidget());
    label->setBuddy(buddy);
    return label;
}

} // namespace

StartPage::StartPage(QWidget* parent)
    : QWidget(parent)
    , m_title(new QLabel(this))
    , m_open(new QPushButton(tr("&Open an image\u2026"), this))
    , m_create(new QPushButton(tr("&New image\u2026"), this))
    , m_recent(makeList(QStringLiteral("recentList"), tr("Recent images"), this))
    , m_samples(makeList(QStringLiteral("sampleList"), tr("Sample images"), this))
{
    setObjectName(QStringLiteral("startPage"));
    QFont large = m_title->font();
    large.setPointSizeF(large.pointSizeF() * 1.4);
    m_title->setFont(large);
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    m_title->setAlignment(Qt::AlignHCenter);
    m_title->setObjectName(QStringLiteral("startTitle"));
    m_open->setObjectName(QStringLiteral("openButton"));
    m_open->setDefault(true);
    m_create->setObjectName(QStringLiteral("createButton"));
    m_recentTitle = makeHeading(tr("&Recent images"), m_recent);

    const auto known = samples();
    for (const Sample& sample : known)
        m_samples->addItem(tr("%1  \u2013  %2").arg(sample.name, sample.description));
    fitHeight(*m_samples);
    auto* samplesTitle = makeHeading(tr("&Samples, opened as copies"), m_samples);
    samplesTitle->setVisible(!known.isEmpty());
    m_samples->setVisible(!known.isEmpty());

    auto* column = new QWidget(this);
    column->setMaximumWidth(kWidth);
    auto* rows = new QVBoxLayout(column);
    rows->addStretch(2);
    rows->addWidget(m_title);
    rows->addSpacing(8);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(m_open);
    buttons->addWidget(m_create);
    buttons->addStretch(1);
    rows->addLayout(buttons);
    rows->addSpacing(16);
    rows->addWidget(m_recentTitle);
    rows->addWidget(m_recent);
    rows->addSpacing(8);
    rows->addWidget(samplesTitle);
    rows->addWidget(m_samples);
    rows->addStretch(3);
    auto* layout = new QHBoxLayout(this);
    layout->addStretch(1);
    layout->addWidget(column, 100);
    layout->addStretch(1);

    connect(m_open, &QPushButton::clicked, this, &StartPage::openRequested);
    connect(m_create, &QPushButton::clicked, this, &StartPage::createRequested);
    // One click opens, and so does Enter. Some styles report a click as both: the second finds the page busy.
    const auto openRecent = [this](const QListWidgetItem* item) {
        if (m_open->isEnabled())
            Q_EMIT pathChosen(item->data(Qt::UserRole).toString());
    };
    const auto openSampleItem = [this](const QListWidgetItem* item) {
        if (m_open->isEnabled())
            openSample(m_samples->row(item));
    };
    for (const auto signal : {&QListWidget::itemClicked, &QListWidget::itemActivated}) {
        connect(m_recent, signal, this, openRecent);
        connect(m_samples, signal, this, openSampleItem);
    }
    setBusy(QString());
    refresh();
}

void StartPage::refresh()
{
    m_recent->clear();
    const QStringList files = RecentFiles::list();
    for (const QString& path : files) {
        const QFileInfo info(path);
        auto* item = new QListWidgetItem(tr("%1  \u2013  %2").arg(info.fileName(), info.path()), m_recent);
        item->setData(Qt::UserRole, path);
        item->setToolTip(plainToolTip(path));
    }
    fitHeight(*m_recent);
    m_recent->setVisible(!files.isEmpty());
    m_recentTitle->setVisible(!files.isEmpty());
}

void StartPage::setBusy(const QString& what)
{
    m_title->setText(what.isEmpty() ? tr("Drop a qcow2 image here, open one, or try a sample") : what);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_open, m_create, m_recent, m_samples})
        widget->setEnabled(what.isEmpty());
}

void StartPage::openSample(int row)
{
    const QString path = copySample(samples().at(row));
    if (path.isEmpty())
        QMessageBox::warning(this, tr("Sample"), tr("The sample could not be copied into the temporary folder."));
    else
        Q_EMIT pathChosen(path);
}

} // namespace cowscope::ui
