"""Forms that summarize one table, as a whole or by group."""

from __future__ import annotations

from expertkit.data.sql.forms.template import make_form

AGGREGATES = (
    make_form(
        "count-all",
        "SELECT COUNT(*) FROM {table}",
        "how many {table} rows [are there|exist|do we have|are stored]?",
        "[count|count up] [all|all the|the] {table} rows",
        "what is the number of {table} rows?",
        "[show|give|find|get|tell me] the number of {table} rows [in the table|there are|we have|that exist]",
        "how many rows [are in|are stored in|stand in] the {table} table?",
    ),
    make_form(
        "count-equal",
        "SELECT COUNT(*) FROM {table} WHERE {text} = '{value}'",
        "how many {table} rows have {text} {value}?",
        "count the {table} rows @where {value}",
        "what is the number of {table} rows @where {value}?",
        "[show|give|find|get] the number of {table} rows @where {value}",
    ),
    make_form(
        "count-distinct",
        "SELECT COUNT(DISTINCT {text}) FROM {table}",
        "how many @different {text} values [occur|appear] among @all?",
        "how many @different {text} values do the {table} rows have?",
        "count the @different {text} values of @all",
        "what is the number of @different {text} values of @all?",
    ),
    make_form(
        "sum",
        "SELECT SUM({num}) FROM {table}",
        "what is the @added {num} of @all?",
        "[show|give|find|get] the @added {num} of @all",
        "add up the {num} of @all",
        "what does the {num} of @all add up to?",
    ),
    make_form(
        "average",
        "SELECT AVG({num}) FROM {table}",
        "what is the @average {num} of @all?",
        "[show|give|find|get] the @average {num} of @all",
        "@average {num} of @all",
        "what is {num} on average among @all?",
    ),
    make_form(
        "maximum",
        "SELECT MAX({num}) FROM {table}",
        "what is the @highest {num} of @all?",
        "[show|give|find|get] the @highest {num} of @all",
        "@highest {num} among @all",
        "which {num} is the @highest among @all?",
    ),
    make_form(
        "minimum",
        "SELECT MIN({num}) FROM {table}",
        "what is the @lowest {num} of @all?",
        "[show|give|find|get] the @lowest {num} of @all",
        "@lowest {num} among @all",
        "which {num} is the @lowest among @all?",
    ),
    make_form(
        "sum-equal",
        "SELECT SUM({num}) FROM {table} WHERE {text} = '{value}'",
        "what is the @added {num} of @all @where {value}?",
        "[show|give|find|get] the @added {num} of @all @where {value}",
        "add up the {num} of @all @where {value}",
        "what does the {num} of @all @where {value} add up to?",
    ),
    make_form(
        "average-flag",
        "SELECT AVG({num}) FROM {table} WHERE {flag} = 1",
        "what is the @average {num} of @allflagged?",
        "[show|give|find|get] the @average {num} of @allflagged",
        "@average {num} of @all where {flag} is true",
        "what is {num} on average among @allflagged?",
    ),
)
GROUPS = (
    make_form(
        "group-count",
        "SELECT {text}, COUNT(*) FROM {table} GROUP BY {text}",
        "how many {table} rows are there @per {text}?",
        "count the {table} rows @per {text}",
        "@show each {text} with its number of {table} rows",
        "for each {text} @show how many {table} rows there are",
    ),
    make_form(
        "group-sum",
        "SELECT {text}, SUM({num}) FROM {table} GROUP BY {text}",
        "what is the @added {num} of the {table} rows @per {text}?",
        "[show|give|find|get] the @added {num} of the {table} rows @per {text}",
        "add up the {num} of the {table} rows @per {text}",
        "for each {text} of the {table} rows @show the @added {num}",
    ),
    make_form(
        "group-average",
        "SELECT {text}, AVG({num}) FROM {table} GROUP BY {text}",
        "what is the @average {num} of the {table} rows @per {text}?",
        "[show|give|find|get] the @average {num} of the {table} rows @per {text}",
        "@average {num} of the {table} rows @per {text}",
        "for each {text} of the {table} rows @show the @average {num}",
    ),
    make_form(
        "group-having",
        "SELECT {text} FROM {table} GROUP BY {text} HAVING COUNT(*) > {times}",
        "which {text} values [occur|appear] more than {times} times among @all?",
        "@show each {text} with more than {times} {table} rows",
        "@show each {text} that more than {times} {table} rows have",
        "which {text} values do more than {times} {table} rows [have|share]?",
    ),
    make_form(
        "group-top",
        "SELECT {text} FROM {table} GROUP BY {text} ORDER BY COUNT(*) DESC LIMIT 1",
        "which {text} is the most [common|frequent] among @all?",
        "@show the {text} with the most {table} rows",
        "what is the most [common|frequent] {text} of @all?",
        "which {text} do the most {table} rows have?",
    ),
)
