// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"

#include <QtTest/QtTest>

namespace cowscope::test
{

/// What to print when a result is not what a test wants.
template <typename T>
QByteArray why(const Result<T>& result)
{
    if (result)
        return "succeeded";
    return QByteArray("failed with kind ") + QByteArray::number(static_cast<int>(result.error().kind)) + ": "
        + QByteArray::fromStdString(result.error().text());
}

template <typename T>
bool failedWith(const Result<T>& result, ErrorKind kind)
{
    return !result && result.error().kind == kind;
}

} // namespace cowscope::test

/// The result is a value, or the test fails and prints the error.
#define VERIFY_OK(result)                                                                                              \
    do {                                                                                                               \
        const auto& verified = (result);                                                                               \
        QVERIFY2(verified.has_value(), cowscope::test::why(verified).constData());                                     \
    } while (false)

/// The result is an error of that kind, or the test fails and prints what it is instead.
#define VERIFY_ERROR(result, wanted)                                                                                   \
    do {                                                                                                               \
        const auto& verified = (result);                                                                               \
        QVERIFY2(cowscope::test::failedWith(verified, (wanted)), cowscope::test::why(verified).constData());           \
    } while (false)
