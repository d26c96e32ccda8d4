# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later

# Warnings and sanitizers of every target of the project.
add_library(cowscope_options INTERFACE)
target_include_directories(cowscope_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(cowscope_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wcast-align -Wunused $<$<BOOL:${COWSCOPE_WERROR}>:-Werror>)
if(COWSCOPE_SANITIZE)
    target_compile_options(cowscope_options INTERFACE -fsanitize=${COWSCOPE_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(cowscope_options INTERFACE -fsanitize=${COWSCOPE_SANITIZE})
endif()

# moc 6.4 cannot parse the concepts of libstdc++ 12; without the compiler's macros it sees none of them.
set(CMAKE_AUTOMOC_COMPILER_PREDEFINES OFF)

# cowscope_add_library(NAME SOURCES ... [LIBS ...]): one static library of one folder.
function(cowscope_add_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC cowscope_options ${ARG_LIBS})
endfunction()

# cowscope_add_ui_library(NAME SOURCES ... [LIBS ...]): the same for a folder that uses Qt.
function(cowscope_add_ui_library name)
    cowscope_add_library(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
    target_compile_definitions(${name} PUBLIC QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_FOREACH QT_NO_KEYWORDS
        QT_USE_QSTRINGBUILDER)
endfunction()

# cowscope_add_test(NAME SOURCES ... [LIBS ...] [LABELS ...]): one Qt Test executable, run by ctest without a display.
function(cowscope_add_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
    target_link_libraries(${name} PRIVATE cowscope_options Qt6::Test ${ARG_LIBS})
    add_test(NAME ${name} COMMAND ${name})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 300)
        if(COWSCOPE_SANITIZE)
            set(ARG_TIMEOUT 1200) # instrumented code runs up to ten times as long
        endif()
    endif()
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "QT_QPA_PLATFORM=offscreen" TIMEOUT ${ARG_TIMEOUT}
        LABELS "${ARG_LABELS}")
endfunction()
