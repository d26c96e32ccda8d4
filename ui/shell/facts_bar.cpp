// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/facts_bar.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/verdict.h"

#include <QEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace cowscope::ui
{

FactsBar::FactsBar(ImageDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_facts(new QLabel(this))
    , m_verdict(new QPushButton(this))
{
    setObjectName(QStringLiteral("factsBar"));
    m_facts->setObjectName(QStringLiteral("facts"));
    m_facts->setAccessibleName(tr("Facts about the image"));
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_facts->setTextFormat(Qt::PlainText);
    m_facts->setMinimumWidth(80);
    m_verdict->setObjectName(QStringLiteral("verdictBadge"));
    m_verdict->setToolTip(tr("The verdict of the check. Click to see the findings."));
    m_verdict->setCursor(Qt::PointingHandCursor);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->addWidget(m_facts, 1);
    layout->addWidget(m_verdict);
    connect(m_verdict, &QPushButton::clicked, this, &FactsBar::verdictClicked);
    connect(&document, &ImageDocument::opened, this, &FactsBar::refresh);
}

QString FactsBar::factsLine(const Image& image) const
{
    const Header& header = image.header();
    QStringList facts{QFileInfo(m_document.path()).fileName(), tr("v%1").arg(header.version),
        tr("%1 virtual").arg(formatBytes(header.size)), tr("%1 file").arg(formatBytes(image.fileSize())),
        tr("%1 clusters").arg(formatBytes(image.geometry().clusterSize())),
        header.refcountBits() == 1 ? tr("refcounts 1 bit") : tr("refcounts %1 bits").arg(header.refcountBits()),
        header.snapshotCount == 1 ? tr("1 snapshot") : tr("%1 snapshots").arg(formatCount(header.snapshotCount))};
    if (!image.backingFile().empty())
        facts += tr("backing file");
    if (header.hasDataFile())
        facts += tr("external data file");
    if (header.cryptMethod != CryptMethod::None)
        facts += tr("encrypted");
    if (header.isDirty())
        facts += tr("marked dirty");
    if (header.isCorrupt())
        facts += tr("marked corrupt");
    return facts.join(QStringLiteral(" \u00b7 "));
}

void FactsBar::refresh()
{
    const Image& image = *m_document.image();
    const Census& census = *m_document.census();
    m_line = factsLine(image);
    m_facts->setToolTip(plainToolTip(
        tr("%1\nVirtual size: %2\nFile size: %3")
            .arg(m_document.path(), formatExactBytes(image.header().size), formatExactBytes(image.fileSize()))));
    elide();
    m_verdict->setText(verdictLine(census));
    m_verdict->setAccessibleName(tr("Verdict: %1. Opens the findings.").arg(m_verdict->text()));
    paintVerdict();
}

void FactsBar::elide()
{
    m_facts->setText(m_facts->fontMetrics().elidedText(m_line, Qt::ElideMiddle, m_facts->width()));
}

void FactsBar::paintVerdict()
{
    if (!m_document.census())
        return;
    const bool dark = isDark(palette());
    const QColor color
        = m_document.census()->isClean() ? QColor::fromRgb(dark ? 0xff3ba776 : 0xff1b7f4d) : findingColor(dark);
    m_verdict->setStyleSheet(
        QStringLiteral("QPushButton{background-color:%1;color:%2;border:none;border-radius:4px;padding:3px 10px;"
                       "font-weight:bold}QPushButton:focus{border:2px solid palette(text)}")
            .arg(color.name(), textColorOn(color).name()));
}

void FactsBar::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        paintVerdict();
}

void FactsBar::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    elide();
}

} // namespace cowscope::ui
