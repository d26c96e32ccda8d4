// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/image_document.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace cowscope::ui
{

/// What the image is, in one line, and the verdict on it.
class FactsBar : public QWidget
{
    Q_OBJECT

public:
    explicit FactsBar(ImageDocument& document, QWidget* parent = nullptr);

Q_SIGNALS:
    void verdictClicked();

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void elide();
    void paintVerdict();
    QString factsLine(const Image& image) const;

    ImageDocument& m_document;
    QString m_line;
    QLabel* m_facts;
    QPushButton* m_verdict;
};

} // namespace cowscope::ui
