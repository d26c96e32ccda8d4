// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/help.h"

#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFile>
#include <QMessageBox>
#include <QTextBrowser>
#include <QVBoxLayout>

#include <array>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Help", text);
}

struct Key {
    const char* keys;
    const char* effect;
};

constexpr std::array kKeys{
    Key{"Ctrl+O", QT_TRANSLATE_NOOP("Help", "Open an image")},
    Key{"Ctrl+N", QT_TRANSLATE_NOOP("Help", "Create a new image")},
    Key{"Ctrl+Shift+N", QT_TRANSLATE_NOOP("Help", "New window")},
    Key{"Ctrl+W", QT_TRANSLATE_NOOP("Help", "Close the image, then the window")},
    Key{"F5", QT_TRANSLATE_NOOP("Help", "Reload the image and check it again")},
    Key{"Ctrl+E", QT_TRANSLATE_NOOP("Help", "Change the refcount width (the amend wizard)")},
    Key{"Ctrl+Shift+H",
        QT_TRANSLATE_NOOP("Help", "Edit the header by hand; Ctrl+Z and Ctrl+Shift+Z undo and redo there")},
    Key{"Ctrl+R", QT_TRANSLATE_NOOP("Help", "Repair the image, after a preview")},
    Key{"Ctrl+Shift+S", QT_TRANSLATE_NOOP("Help", "Create a snapshot, after a preview")},
    Key{"Ctrl+Shift+R", QT_TRANSLATE_NOOP("Help", "Export a report as HTML, PDF or JSON")},
    Key{"Ctrl+G", QT_TRANSLATE_NOOP("Help", "Go to: 1234, 0x50000, g:12M, refblock 3, L2[3], snapshot NAME, \u2026")},
    Key{"Ctrl+F, F3", QT_TRANSLATE_NOOP("Help", "Search for bytes or text in the Hex view, and on")},
    Key{"Ctrl+B", QT_TRANSLATE_NOOP("Help", "Add a bookmark (in the Hex view)")},
    Key{"Ctrl+Shift+P", QT_TRANSLATE_NOOP("Help", "Command palette: every action by a few letters of its name")},
    Key{"Alt+Left, Alt+Right", QT_TRANSLATE_NOOP("Help", "Back and forward through what was selected")},
    Key{"Ctrl+1 \u2026 Ctrl+9",
        QT_TRANSLATE_NOOP(
            "Help", "Bring up a view, in the order of the View menu; Ctrl+Alt+1 and so on from the tenth on")},
    Key{"Arrows, Page, Home, End",
        QT_TRANSLATE_NOOP("Help", "Move by cluster in the heatmap, by byte in Hex; with Shift select a range")},
    Key{"+  -  0", QT_TRANSLATE_NOOP("Help", "Zoom in, zoom out, fit (the map also by the wheel)")},
    Key{"Enter",
        QT_TRANSLATE_NOOP("Help", "Go to the clusters of a finding, or to what an entry leads to (Hex, Tables)")},
    Key{"Ctrl+C", QT_TRANSLATE_NOOP("Help", "Copy the rows of a table")},
    Key{"F1", QT_TRANSLATE_NOOP("Help", "This page")},
    Key{"Shift+F1", QT_TRANSLATE_NOOP("Help", "What is this: then click on anything")},
};

QString keysHtml()
{
    QString html = QStringLiteral("<h3>%1</h3><table cellpadding=\"3\">").arg(tr("Keys"));
    for (const Key& key : kKeys)
        html += QStringLiteral("<tr><td><b>%1</b>&nbsp;&nbsp;</td><td>%2</td></tr>")
                    .arg(QString::fromUtf8(key.keys), tr(key.effect).toHtmlEscaped());
    html += QStringLiteral("</table><p>%1</p>")
                .arg(tr("Opening an image never writes to it. Only the amend wizard, Amend Options, the header editor, "
                        "Repair and Snapshots change one, each after a preview."));
    return html;
}

QTextBrowser* openPage(QWidget* parent, const QString& objectName, const QString& title, QSize size)
{
    auto* dialog = new QDialog(parent);
    dialog->setObjectName(objectName);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    auto* text = new QTextBrowser(dialog);
    text->setAccessibleName(title);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    auto* layout = new QVBoxLayout(dialog);
    layout->addWidget(text);
    layout->addWidget(buttons);
    dialog->resize(size);
    dialog->show();
    return text;
}

} // namespace

void showGuide(QWidget* parent)
{
    QFile page(QStringLiteral(":/help/index.md"));
    if (page.open(QIODevice::ReadOnly))
        openPage(parent, QStringLiteral("guideDialog"), tr("Guide"), {760, 680})
            ->setMarkdown(QString::fromUtf8(page.readAll()));
}

void showAbout(QWidget* parent)
{
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Cowscope"),
        tr("<h3>Cowscope %1</h3><p>Shows what is inside a qcow2 disk image, checks it, and changes the width of its "
           "reference counts safely.</p><p>Free software under the GNU General Public License, version 3 or later. It "
           "comes with no warranty.</p>")
            .arg(QCoreApplication::applicationVersion()),
        QMessageBox::Close, parent);
    box->setObjectName(QStringLiteral("aboutBox"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void showKeys(QWidget* parent)
{
    openPage(parent, QStringLiteral("keysDialog"), tr("Keys"), {620, 480})->setHtml(keysHtml());
}

} // namespace cowscope::ui
