// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/sound_census.h"
#include "core/edit/amend/amend_layout.h"
#include "core/edit/amend/amend_plan.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

using namespace cowscope;

class AmendSurveyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void plansTheSameAfterEitherCensus();
};

void AmendSurveyTest::plansTheSameAfterEitherCensus()
{
    std::mt19937 random(4);
    int plans = 0;
    for (int i = 0; i < 100; ++i) {
        const test::BuiltImage built = i < 7
            ? test::ImageBuilder({.clusterBits = 21, .refcountOrder = unsigned(i)}).build()
            : test::randomImage(random);
        const auto image = Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
        VERIFY_OK(image);
        const auto plain = takeCensus(**image, {});
        const auto sound = takeSoundCensus(**image, {});
        QVERIFY(plain && sound && *sound);
        const AmendSurvey survey = surveyForAmend(**image, (*sound)->counts);
        for (unsigned order = 0; order < kWidthCount; ++order) {
            const auto wanted = planAmend(**image, **plain, order);
            const auto plan = planAmend(**image, (*sound)->census, survey, order);
            QCOMPARE(plan.has_value(), wanted.has_value());
            if (plan)
                QVERIFY2(*plan == *wanted, ("image " + std::to_string(i) + ", order " + std::to_string(order)).c_str());
            else
                QCOMPARE(plan.error().what, wanted.error().what);
            plans += plan ? 1 : 0;
        }
    }
    QVERIFY(plans > 100);
}

QTEST_GUILESS_MAIN(AmendSurveyTest)
#include "amend_survey_test.moc"
