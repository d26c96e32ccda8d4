// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chain/chain_panel.h"

#include "ui/chain/chain_model.h"
#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/text_label.h"
#include "ui/common/wrapping_layout.h"

#include <QFile>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

namespace cowscope::ui
{

ChainPanel::ChainPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_statement(makeTextLabel(QStringLiteral("chainStatement"), this))
    , m_open(new QPushButton(tr("Open chain"), this))
    , m_openLayer(new QPushButton(tr("Open layer in a new window"), this))
    , m_view(makeTable(QStringLiteral("chainTable"), tr("Files of the chain"), this))
    , m_model(new ChainModel(this))
{
    m_statement->setTextFormat(Qt::PlainText); // names from an image are in it
    m_statement->setContentsMargins(6, 6, 6, 2);
    m_open->setObjectName(QStringLiteral("openChain"));
    m_open->setToolTip(tr("Opens the files that the headers name, read-only, and reads their headers and tables"));
    m_openLayer->setObjectName(QStringLiteral("openLayer"));
    m_openLayer->setToolTip(tr("Opens the selected image in a window of its own"));
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {17, 30, 22, 16, 10, 10, 10, 9, 10});
    auto* buttons = new WrappingLayout;
    buttons->setContentsMargins(6, 2, 6, 4);
    buttons->addWidget(m_open);
    buttons->addWidget(m_openLayer);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_statement);
    layout->addLayout(buttons);
    layout->addWidget(m_view, 1);
    setContent(content);
    connect(m_open, &QPushButton::clicked, this, &ChainPanel::openChain);
    connect(m_openLayer, &QPushButton::clicked, this, &ChainPanel::openLayer);
    connect(m_view, &QTableView::activated, this, &ChainPanel::openLayer);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &ChainPanel::updateTexts);
    connect(&document, &ImageDocument::opened, this, &ChainPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &ChainPanel::refresh);
    refresh();
}

void ChainPanel::refresh()
{
    m_job.reset();
    m_opened = false;
    const auto image = m_document.image();
    if (!image) {
        m_model->setFiles({});
        showEmpty(tr("The backing files and the data file of an open image are named here."));
        return;
    }
    m_model->setFiles(namedFiles(*image, QFile::encodeName(m_document.path()).toStdString()));
    showContent();
    updateTexts();
}

QString ChainPanel::statement() const
{
    const std::vector<ChainFile>& files = m_model->files();
    if (files.size() == 1)
        return tr("The image names no backing file and no data file: it is complete by itself.");
    if (m_opened)
        return tr("%1 files. Each was opened read-only; of images the header and the tables at the top were read, of "
                  "raw files only the size.")
            .arg(formatCount(files.size()));
    QStringList names;
    for (const ChainFile& file : files)
        if (file.role != ChainRole::Image)
            names += QStringLiteral("\u201c%1\u201d").arg(visibleName(file.path));
    return tr("No other file has been opened so far. \u201cOpen chain\u201d opens %1, and what those name in turn, "
              "read-only: it reads headers and tables, no guest data. The names come from the image: if you do not "
              "trust it, look at them first.")
        .arg(names.join(tr(" and ")));
}

void ChainPanel::openChain()
{
    const auto image = m_document.image();
    if (!image)
        return;
    const std::string path = QFile::encodeName(m_document.path()).toStdString();
    const Sharing sharing = m_document.isShared() ? Sharing::Unlocked : Sharing::Locked;
    m_open->setEnabled(false);
    m_job = std::make_unique<Job>(
        tr("Opening the chain"), [image, path, sharing](const TaskContext& task) -> Result<std::any> {
            auto files = surveyChain(*image, path, sharing, task);
            if (!files)
                return failed(files);
            return std::any(std::move(*files));
        });
    connect(m_job.get(), &Job::finished, this, [this](const std::any& result) {
        m_opened = true;
        m_model->setFiles(std::any_cast<const std::vector<ChainFile>&>(result));
        updateTexts();
    });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) {
        updateTexts();
        m_statement->setText(toQString(error.text()));
    });
    m_job->start();
}

void ChainPanel::updateTexts()
{
    m_statement->setText(statement());
    m_open->setVisible(m_model->files().size() > 1);
    m_open->setEnabled(!m_job || !m_job->isRunning());
    m_open->setText(m_opened ? tr("Open chain again") : tr("Open chain"));
    m_openLayer->setVisible(m_model->files().size() > 1);
    m_openLayer->setEnabled(!selectedImage().isEmpty());
}

QString ChainPanel::selectedImage() const
{
    const QModelIndexList rows = m_view->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return {};
    const ChainFile& file = m_model->files()[static_cast<std::size_t>(rows.first().row())];
    const bool possible = file.role == ChainRole::Backing && file.facts && file.facts->isImage;
    return possible ? QFile::decodeName(QByteArray::fromStdString(file.path)) : QString();
}

void ChainPanel::openLayer()
{
    if (const QString path = selectedImage(); !path.isEmpty())
        Q_EMIT openRequested(path);
}

} // namespace cowscope::ui
