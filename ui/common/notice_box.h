// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLabel;

namespace cowscope::ui
{

/// A paragraph that must be noticed: a coloured edge, a heading, a text. Hidden while it has nothing to say.
class NoticeBox : public QFrame
{
    Q_OBJECT

public:
    enum class Kind {
        Warning, ///< amber: read this first
        Danger, ///< red: an error, or data is lost
    };

    explicit NoticeBox(const QString& objectName, QWidget* parent = nullptr);

    /// Rich text: escape what comes from an image. Empty hides the box.
    void setNotice(Kind kind, const QString& html);
    void clear() { setNotice(m_kind, QString()); }
    QString text() const;

protected:
    void changeEvent(QEvent* event) override;

private:
    void paintEdge();

    Kind m_kind = Kind::Warning;
    QLabel* m_text;
};

} // namespace cowscope::ui
