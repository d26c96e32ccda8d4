// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/create/create_dialog.h"

#include "ui/common/format.h"
#include "ui/common/text_label.h"
#include "ui/create/create_text.h"
#include "ui/create/size_edit.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>

#include <utility>

namespace cowscope::ui
{

namespace
{

constexpr std::uint64_t kDefaultSize = std::uint64_t{20} << 30;
constexpr unsigned kDefaultClusterBits = 16;
constexpr unsigned kDefaultWidth = 16;

std::string nativeName(const QString& name)
{
    return QFile::encodeName(name).toStdString();
}

/// "disk.qcow2", or the next name that is not taken.
QString proposedPath(const QString& folder)
{
    const QDir place(folder);
    QString path = place.filePath(QStringLiteral("disk.qcow2"));
    for (int i = 2; QFileInfo::exists(path); ++i)
        path = place.filePath(QStringLiteral("disk-%1.qcow2").arg(i));
    return path;
}

bool isSameFile(const QString& a, const QString& b)
{
    const QFileInfo first(a);
    const QFileInfo second(b);
    return first.exists() && second.exists() ? first.canonicalFilePath() == second.canonicalFilePath()
                                             : first.absoluteFilePath() == second.absoluteFilePath();
}

/// A text in which an ampersand is one.
QString forLabel(QString text)
{
    return text.replace(u'&', QStringLiteral("&&"));
}

template <typename T>
T chosen(const QComboBox& box)
{
    return static_cast<T>(box.currentData().toULongLong());
}

} // namespace

CreateDialog::CreateDialog(const QString& folder, QWidget* parent)
    : TaskDialog(QStringLiteral("createDialog"), tr("New image"), tr("&Create"), parent)
    , m_creator(createImageFile)
    , m_path(new QLineEdit(proposedPath(folder), this))
    , m_size(new SizeEdit(QStringLiteral("size"), tr("Size of the disk"), this))
    , m_sizeText(new QLabel(this))
    , m_sizeFromBacking(new QCheckBox(tr("Si&ze of the backing file"), this))
    , m_clusterSize(new QComboBox(this))
    , m_compat(new QComboBox(this))
    , m_width(new QComboBox(this))
    , m_widthText(makeTextLabel(QStringLiteral("widthText"), this))
    , m_compression(new QComboBox(this))
    , m_preallocation(new QComboBox(this))
    , m_lazy(new QCheckBox(tr("&Lazy refcounts"), this))
    , m_extendedL2(new QCheckBox(tr("E&xtended L2 entries"), this))
    , m_backing(new QLineEdit(this))
    , m_backingFormat(new QComboBox(this))
    , m_dataFile(new QLineEdit(this))
    , m_dataFileRaw(new QCheckBox(tr("&Keep the data file readable as a raw disk"), this))
    , m_replace(new QCheckBox(this))
    , m_wrong(new NoticeBox(QStringLiteral("wrong"), this))
    , m_notes(new NoticeBox(QStringLiteral("notes"), this))
{
    m_form = makeForm();
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidget(m_form);
    body().addWidget(scroll, 1);
    m_replace->setObjectName(QStringLiteral("replace"));
    body().addWidget(m_wrong);
    body().addWidget(m_notes);
    body().addWidget(m_replace);
    resize(840, 480);
    orderFields();
    validate();
    m_size->setFocus();
}

/// Tab follows the columns as they are read.
void CreateDialog::orderFields()
{
    const auto chooser = [this](const QLineEdit& edit) {
        return findChild<QPushButton*>(edit.objectName() + QStringLiteral("Choose"));
    };
    const QList<QWidget*> order{m_path, chooser(*m_path), m_size->findChild<QDoubleSpinBox*>(),
        m_size->findChild<QComboBox*>(), m_sizeFromBacking, m_clusterSize, m_compat, m_width, m_compression, m_lazy,
        m_extendedL2, m_preallocation, m_backing, chooser(*m_backing), m_backingFormat, m_dataFile,
        chooser(*m_dataFile), m_dataFileRaw, m_replace};
    for (qsizetype i = 1; i < order.size(); ++i)
        setTabOrder(order[i - 1], order[i]);
}

QWidget* CreateDialog::makeForm()
{
    auto* form = new QWidget(this);
    auto* columns = new QHBoxLayout;
    columns->addWidget(makeFormatGroup(), 1);
    columns->addWidget(makeFilesGroup(), 1);
    auto* layout = new QVBoxLayout(form);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeDiskRows());
    layout->addLayout(columns);
    layout->addStretch(1);

    for (QLineEdit* edit : {m_path, m_backing, m_dataFile})
        connect(edit, &QLineEdit::textChanged, this, &CreateDialog::validate);
    for (QComboBox* box : {m_clusterSize, m_compat, m_width, m_compression, m_preallocation, m_backingFormat})
        connect(box, &QComboBox::currentIndexChanged, this, &CreateDialog::validate);
    for (QCheckBox* box : {m_sizeFromBacking, m_lazy, m_extendedL2, m_dataFileRaw, m_replace})
        connect(box, &QCheckBox::toggled, this, &CreateDialog::validate);
    connect(m_size, &SizeEdit::changed, this, &CreateDialog::validate);
    return form;
}

QWidget* CreateDialog::makeDiskRows()
{
    auto* rows = new QWidget(this);
    auto* layout = new QFormLayout(rows);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_size->setBytes(kDefaultSize);
    m_sizeText->setObjectName(QStringLiteral("sizeText"));
    m_sizeText->setForegroundRole(QPalette::PlaceholderText);
    m_sizeFromBacking->setObjectName(QStringLiteral("sizeFromBacking"));
    m_sizeFromBacking->setChecked(true);
    auto* size = new QHBoxLayout;
    size->addWidget(m_size);
    size->addWidget(m_sizeText, 1);
    size->addWidget(m_sizeFromBacking);
    layout->addRow(
        tr("&File"), makePathRow(*m_path, QStringLiteral("path"), tr("File of the new image"), tr("New image"), true));
    layout->addRow(tr("&Size"), size);
    auto* title = qobject_cast<QLabel*>(layout->labelForField(size));
    if (title)
        title->setBuddy(m_size);
    return rows;
}

QWidget* CreateDialog::makeFormatGroup()
{
    auto* group = new QGroupBox(tr("Format"), this);
    auto* layout = new QFormLayout(group);
    layout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    for (unsigned bits = 9; bits <= 21; ++bits)
        m_clusterSize->addItem(formatBytes(std::uint64_t{1} << bits), qulonglong{1} << bits);
    m_clusterSize->setCurrentIndex(kDefaultClusterBits - 9);
    m_compat->addItem(tr("1.1 (version 3)"), 3);
    m_compat->addItem(tr("0.10 (version 2)"), 2);
    for (unsigned bits = 1; bits <= 64; bits *= 2)
        m_width->addItem(bits == 1 ? tr("1 bit") : tr("%1 bits").arg(bits), bits);
    m_width->setCurrentIndex(m_width->findData(kDefaultWidth));
    m_compression->addItem(QStringLiteral("zlib"), static_cast<int>(CompressionType::Zlib));
    m_compression->addItem(QStringLiteral("zstd"), static_cast<int>(CompressionType::Zstd));
    m_widthText->setForegroundRole(QPalette::PlaceholderText);
    m_lazy->setToolTip(tr("Counts are written later: faster, but a crash leaves them to be repaired"));
    m_extendedL2->setToolTip(tr("Each cluster has 32 subclusters that are allocated one by one"));
    const auto row = [layout](const QString& title, QComboBox& box, const QString& objectName, const QString& name) {
        box.setObjectName(objectName);
        box.setAccessibleName(name);
        layout->addRow(title, &box);
    };
    row(tr("Cl&uster size"), *m_clusterSize, QStringLiteral("clusterSize"), tr("Cluster size"));
    row(tr("Co&mpat level"), *m_compat, QStringLiteral("compat"), tr("Compat level"));
    row(tr("Refcount &width"), *m_width, QStringLiteral("width"), tr("Refcount width"));
    layout->addRow(m_widthText);
    row(tr("Com&pression"), *m_compression, QStringLiteral("compression"), tr("Compression of compressed clusters"));
    m_lazy->setObjectName(QStringLiteral("lazyRefcounts"));
    m_extendedL2->setObjectName(QStringLiteral("extendedL2"));
    layout->addRow(m_lazy);
    layout->addRow(m_extendedL2);
    return group;
}

QWidget* CreateDialog::makeFilesGroup()
{
    auto* group = new QGroupBox(tr("Space and other files"), this);
    auto* layout = new QFormLayout(group);
    layout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    for (const auto each : {Preallocation::Off, Preallocation::Metadata, Preallocation::Falloc, Preallocation::Full})
        m_preallocation->addItem(preallocationText(each), static_cast<int>(each));
    m_preallocation->setObjectName(QStringLiteral("preallocation"));
    m_preallocation->setAccessibleName(tr("Preallocation"));
    m_preallocation->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_backingFormat->setObjectName(QStringLiteral("backingFormat"));
    m_backingFormat->setAccessibleName(tr("Format of the backing file"));
    m_backingFormat->addItems({QStringLiteral("qcow2"), QStringLiteral("raw")});
    m_backing->setPlaceholderText(tr("none"));
    m_backing->setToolTip(tr("What the new disk shows where it has not been written. The name is stored as it is; a "
                             "relative one is looked up beside the image."));
    m_dataFile->setPlaceholderText(tr("none: data is in the image"));
    m_dataFile->setToolTip(tr("Guest data goes to this file, the image keeps only the tables. It is created too."));
    m_dataFileRaw->setObjectName(QStringLiteral("dataFileRaw"));
    layout->addRow(tr("P&reallocation"), m_preallocation);
    layout->addRow(tr("&Backing file"),
        makePathRow(*m_backing, QStringLiteral("backingFile"), tr("Backing file"), tr("Backing file"), false));
    layout->addRow(tr("Backing f&ormat"), m_backingFormat);
    layout->addRow(
        tr("&Data file"), makePathRow(*m_dataFile, QStringLiteral("dataFile"), tr("Data file"), tr("Data file"), true));
    layout->addRow(m_dataFileRaw);
    return group;
}

QWidget* CreateDialog::makePathRow(
    QLineEdit& edit, const QString& objectName, const QString& name, const QString& chooser, bool isNew)
{
    edit.setObjectName(objectName);
    edit.setAccessibleName(name);
    auto* row = new QWidget(this);
    row->setFocusProxy(&edit);
    auto* choose = new QPushButton(tr("Choose\u2026"), row);
    choose->setObjectName(objectName + QStringLiteral("Choose"));
    choose->setAccessibleName(tr("%1: choose").arg(name));
    choose->setAutoDefault(false);
    connect(choose, &QPushButton::clicked, this, [this, &edit, chooser, isNew] { choosePath(edit, chooser, isNew); });
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(&edit, 1);
    layout->addWidget(choose);
    return row;
}

void CreateDialog::choosePath(QLineEdit& edit, const QString& title, bool isNew)
{
    auto* dialog = new QFileDialog(this, title, QFileInfo(path()).absolutePath());
    dialog->setObjectName(QStringLiteral("pathDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(isNew ? QFileDialog::AcceptSave : QFileDialog::AcceptOpen);
    dialog->setFileMode(isNew ? QFileDialog::AnyFile : QFileDialog::ExistingFile);
    dialog->setOption(QFileDialog::DontConfirmOverwrite); // asked for here, for names that are typed too
    dialog->setNameFilters({tr("Disk images (*.qcow2 *.qcow *.img *.raw)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::fileSelected, this, [this, &edit](const QString& file) {
        edit.setText(file);
        if (&edit == m_backing)
            m_backingFormat->setCurrentText(
                file.endsWith(QStringLiteral(".qcow2")) ? QStringLiteral("qcow2") : QStringLiteral("raw"));
    });
    dialog->open();
}

QString CreateDialog::path() const
{
    return m_path->text().trimmed();
}

QString CreateDialog::besideImage(const QString& name) const
{
    return QDir(QFileInfo(path()).absolutePath()).filePath(name); // an absolute name stays what it is
}

bool CreateDialog::takesSizeFromBacking() const
{
    return !m_backing->text().trimmed().isEmpty() && m_sizeFromBacking->isChecked();
}

CreateOptions CreateDialog::options() const
{
    CreateOptions options;
    options.size = takesSizeFromBacking() ? 0 : m_size->bytes();
    options.version = chosen<unsigned>(*m_compat);
    options.clusterSize = chosen<std::uint64_t>(*m_clusterSize);
    options.refcountBits = chosen<std::uint64_t>(*m_width);
    options.lazyRefcounts = m_lazy->isChecked();
    options.extendedL2 = m_extendedL2->isChecked();
    options.compression = chosen<CompressionType>(*m_compression);
    options.preallocation = chosen<Preallocation>(*m_preallocation);
    options.backingFile = nativeName(m_backing->text().trimmed());
    if (!options.backingFile.empty())
        options.backingFormat = m_backingFormat->currentText().toStdString();
    options.dataFile = nativeName(m_dataFile->text().trimmed());
    options.dataFileRaw = !options.dataFile.empty() && m_dataFileRaw->isChecked();
    return options;
}

QString CreateDialog::problem() const
{
    if (path().isEmpty())
        return tr("Say which file the image shall be.");
    if (QFileInfo(path()).isDir())
        return tr("%1 is a folder.").arg(path().toHtmlEscaped());
    if (!QFileInfo(QFileInfo(path()).absolutePath()).isDir())
        return tr("There is no folder %1.").arg(QFileInfo(path()).absolutePath().toHtmlEscaped());
    const QString backing = m_backing->text().trimmed();
    const QString dataFile = m_dataFile->text().trimmed();
    if (!backing.isEmpty() && isSameFile(path(), besideImage(backing)))
        return tr("The image cannot be its own backing file.");
    if (!dataFile.isEmpty() && isSameFile(path(), besideImage(dataFile)))
        return tr("The image cannot be its own data file.");
    if (!dataFile.isEmpty() && !backing.isEmpty() && isSameFile(besideImage(dataFile), besideImage(backing)))
        return tr("The backing file cannot be the data file.");
    if (const auto checked = checkCreateOptions(options()); !checked)
        return errorText(checked.error());
    return {};
}

QString CreateDialog::collision() const
{
    const QString dataFile = m_dataFile->text().trimmed();
    if (QFileInfo::exists(path()))
        return QFileInfo(path()).fileName();
    return !dataFile.isEmpty() && QFileInfo::exists(besideImage(dataFile)) ? QFileInfo(besideImage(dataFile)).fileName()
                                                                           : QString();
}

void CreateDialog::validate()
{
    clearProblem();
    const bool backed = !m_backing->text().trimmed().isEmpty();
    m_backingFormat->setEnabled(backed);
    m_sizeFromBacking->setVisible(backed);
    m_size->setEnabled(!takesSizeFromBacking());
    m_sizeText->setText(takesSizeFromBacking() ? QString() : formatExactBytes(m_size->bytes()));
    m_dataFileRaw->setEnabled(!m_dataFile->text().trimmed().isEmpty());
    m_widthText->setText(widthText(chosen<unsigned>(*m_width)));

    const QString wrong = problem();
    m_wrong->setNotice(NoticeBox::Kind::Danger, wrong);
    m_notes->setNotice(
        NoticeBox::Kind::Warning, wrong.isEmpty() ? createNotes(options()).join(QStringLiteral("<br>")) : QString());
    const QString replaced = wrong.isEmpty() ? collision() : QString();
    if (std::exchange(m_replaced, replaced) != replaced)
        m_replace->setChecked(false); // consent to replace another file
    m_replace->setVisible(!replaced.isEmpty());
    m_replace->setText(tr("Replace %1, wh&ich exists. What it holds is lost.").arg(forLabel(replaced)));
    setReady(wrong.isEmpty() && (replaced.isEmpty() || m_replace->isChecked()));
}

void CreateDialog::go()
{
    m_form->setEnabled(false);
    m_replace->setEnabled(false);
    write(
        tr("Creating %1").arg(QFileInfo(path()).fileName()),
        [creator = m_creator, options = options(), path = nativeName(path()), fromBacking = takesSizeFromBacking()](
            const TaskContext& task) -> Result<std::any> {
            auto made = creator(options, path, fromBacking, task);
            if (!made)
                return std::unexpected(std::move(made.error()).in(path));
            return std::any();
        },
        [this](const std::any&) {
            Q_EMIT created(path());
            accept();
        });
}

void CreateDialog::writeStopped()
{
    m_form->setEnabled(true);
    m_replace->setEnabled(true);
}

QString CreateDialog::remainsText() const
{
    return tr("No unfinished file was left behind.");
}

} // namespace cowscope::ui
