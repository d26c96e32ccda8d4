// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QLabel;
class QPushButton;
class QTableView;

namespace cowscope::ui
{

class ChainModel;

/// The backing and data files as the headers name them. An image is untrusted, so none is opened before the user has
/// read what it is and asked for it.
class ChainPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ChainPanel(ImageDocument& document, QWidget* parent = nullptr);

Q_SIGNALS:
    void openRequested(const QString& path); ///< a layer, in a window of its own

private:
    void refresh();
    void openChain();
    void updateTexts();
    void openLayer();
    QString statement() const;
    QString selectedImage() const; ///< path of the selected layer if it can be opened by itself, else empty

    ImageDocument& m_document;
    QLabel* m_statement;
    QPushButton* m_open;
    QPushButton* m_openLayer;
    QTableView* m_view;
    ChainModel* m_model;
    std::unique_ptr<Job> m_job;
    bool m_opened = false; ///< the user has asked, for this image
};

} // namespace cowscope::ui
