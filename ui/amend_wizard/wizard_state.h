// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/image_facts.h"
#include "ui/document/image_document.h"

#include <QFile>

#include <array>
#include <memory>
#include <optional>

namespace cowscope::ui
{

/// What the pages of one wizard share. Owned by the wizard, used in the GUI thread only. The document must have an open
/// image; the wizard works on that state of it, whatever the document reloads meanwhile.
struct WizardState {
    explicit WizardState(ImageDocument& ofDocument)
        : document(ofDocument)
        , path(ofDocument.path())
        , image(ofDocument.image())
        , census(ofDocument.census())
        , before(imageFacts(*image, *census))
    {
    }

    ImageDocument& document;
    const QString path;
    const std::shared_ptr<const Image> image;
    const std::shared_ptr<const Census> census;
    const ImageFacts before;

    std::optional<std::array<WidthAssessment, kWidthCount>> widths; ///< by order, once they are assessed
    std::optional<unsigned> order; ///< the width that was chosen; its assessment has a plan

    /// The plan of the chosen width. Only behind the page "New width".
    const AmendPlan& plan() const { return (*widths)[*order].plan; }

    std::string nativePath() const { return QFile::encodeName(path).toStdString(); }
};

} // namespace cowscope::ui
