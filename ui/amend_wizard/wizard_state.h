// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_image.h"
#include "core/edit/session/edits.h"
#include "ui/amend_wizard/image_facts.h"
#include "ui/document/image_document.h"
#include "ui/preview/edit_desk.h"

#include <QFile>

#include <array>
#include <memory>
#include <optional>

namespace cowscope::ui
{

/// What the user has chosen.
struct WizardChoice {
    unsigned order = 4;
    bool upgrade = false; ///< to compat 1.1
    bool split = false; ///< shared clusters are copied until they fit

    bool operator==(const WizardChoice&) const = default;
};

/// What the pages of one wizard share. Owned by the wizard, used in the GUI thread only. The document must have an open
/// image; the wizard works on that state of it, whatever the document reloads meanwhile.
struct WizardState {
    explicit WizardState(ImageDocument& ofDocument)
        : document(ofDocument)
        , path(ofDocument.path())
        , image(ofDocument.image())
        , census(ofDocument.census())
        , before(imageFacts(*image, *census))
        , desk(std::make_shared<EditDesk>(ofDocument.storageOpener(), QFile::encodeName(path).toStdString()))
    {
    }

    ImageDocument& document;
    const QString path;
    const std::shared_ptr<const Image> image;
    const std::shared_ptr<const Census> census;
    const ImageFacts before;

    const std::shared_ptr<EditDesk> desk;

    std::optional<std::array<WidthAssessment, kWidthCount>> widths; ///< by order, once they are assessed
    std::optional<WizardChoice> choice;
    std::shared_ptr<const ShownPreview> preview; ///< what `previewOf` would do; null until it is known
    WizardChoice previewOf;

    // Only behind the page "New width".
    unsigned newOrder() const { return choice->order; }
    const WidthAssessment& width() const { return (*widths)[choice->order]; }

    /// Whether nothing but the width changes: its plan is then known without trying.
    bool onlyWidth() const { return !choice->upgrade && !choice->split; }
    Edit edit() const
    {
        if (onlyWidth())
            return widthEdit(choice->order, width().plan);
        AmendRequest request;
        request.order = choice->order;
        request.splitShared = choice->split;
        if (choice->upgrade)
            request.version = 3;
        return amendEdit(request);
    }

    bool hasPreview() const { return preview && choice && previewOf == *choice; }

    std::string nativePath() const { return QFile::encodeName(path).toStdString(); }
};

} // namespace cowscope::ui
