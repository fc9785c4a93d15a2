--[[
From the fences of one notebook (see fences.py) to a document, for Typst and for HTML alike.

    read      each fence becomes an item: its blocks, and the cell they come from
    number    chapters, sections, figures, tables and labelled equations, in reading order
    resolve   cross references, links, pictures and mathematics, with a complaint per cell
    cite      pandoc's own citeproc, author and year
    finish    what only one of the two writers needs

A complaint is a warning in pandoc's log; the exporter decides whether it stops the build.
]]

local PRINT = FORMAT == 'typst'

-- pandoc's Markdown, as close to what Jupyter shows as it gets, and nothing passed through raw
local TEXT = 'markdown-raw_attribute-raw_html-native_divs-native_spans-markdown_in_html_blocks'
  .. '-auto_identifiers-implicit_header_references-yaml_metadata_block-pandoc_title_block'
  .. '-subscript-superscript-blank_before_header-blank_before_blockquote'
  .. '+lists_without_preceding_blankline+autolink_bare_uris'
local OPTIONS = pandoc.ReaderOptions{columns = 10000}  -- no column widths from the source's

local known = {}  -- id -> its kind, number and source, filled by number()
local files = {}  -- the pictures that belong to the notebook

local WORDS = {fig = 'Figure', tbl = 'Table', eq = 'Equation', sec = 'Section'}

local function complain(source, sentence)
  pandoc.log.warn(source .. ': ' .. sentence)
end

local function typst(code) return pandoc.RawInline('typst', code) end
local function typst_block(code) return pandoc.RawBlock('typst', code) end

local function typst_string(text)
  return '"' .. text:gsub('[\\"]', '\\%0'):gsub('%s+', ' ') .. '"'
end

---------------------------------------------------------------------------------------------------
-- Mathematics

local function unlabelled(tex)
  return (tex:gsub('\\label%s*{[^{}]*}', ''))
end

local function label(tex)
  return tex:match('\\label%s*{([^{}]*)}')
end

-- The formula in a cell's bare \begin{align} ... \end{align}, which Jupyter shows as mathematics.
local function environment(tex)
  return tex:match('^%s*(\\begin{(%a+%*?)}.*\\end{%2})%s*$')
end

-- A wider gap between the pairs of columns of align, as LaTeX sets it.
local function spread_columns(tex)
  if not tex:find('\\begin{align') then return tex end
  local column = 0
  return (tex:gsub('\\?[&\\]', function(mark)
    if mark == '\\\\' then column = 0 end
    if mark ~= '&' then return nil end
    column = column + 1
    return column % 2 == 0 and '\\qquad &' or nil
  end))
end

local function bare_tex(tex)
  local inner = unlabelled(tex):gsub('\\begin{equation%*?}', ''):gsub('\\end{equation%*?}', '')
  return spread_columns(inner)
end

local BRACKETS = {['('] = 'opening', ['['] = 'opening', ['{'] = 'opening',
                  [')'] = 'closing', [']'] = 'closing', ['}'] = 'closing'}

local function sized(size, bracket)
  local class = BRACKETS[bracket] or 'normal'
  return ('class("%s", lr(size: #%s%%, \\%s))'):format(class, size, bracket)
end

-- What pandoc 3.9 gets wrong on the way from LaTeX to Typst: pattern, replacement.
local CORRECTIONS = {
  {'#h%(%-1em%)', '#h(-0.1667em)'},                            -- \!
  {'#h%(0em%)', 'thick'},                                      -- \;
  {'#scale%(x: (%d+)%%, y: %d+%%%)%[\\?([^\\])%]', sized},     -- \bigl( x \bigr)
  {'cases%b()', function(cases) return (cases:gsub(' & ', ' & quad ')) end},
  {'([^#%[])\\|', '%1 class("normal", bar.v)'},                -- |x|
  {'∥', ' class("normal", bar.v.double)'},                     -- \lVert x \rVert
  {' divides ', ' mid(bar.v) '},                               -- \mid
}

-- Apply a function to the code of a formula but not to the strings in it, which may hold any text.
local function outside_strings(formula, change)
  local strings = {}
  formula = formula:gsub('\\\\', '\1'):gsub('\\"', '\2'):gsub('"[^"]*"', function(literal)
    table.insert(strings, literal)
    return '\3' .. #strings .. '\4'
  end)
  formula = change(formula):gsub('\3(%d+)\4', function(n) return strings[tonumber(n)] end)
  return (formula:gsub('\2', '\\"'):gsub('\1', '\\\\'))
end

local function corrected(tex, formula)
  local operator = tex:find('\\operatorname%*') and '%1op(%2, limits: #true)' or '%1op(%2)'
  formula = formula:gsub('delim: "||"', 'delim: "‖"')
  return outside_strings(formula, function(code)
    code = code:gsub('([^:] )(\3%d+\4)', operator)             -- \operatorname{Tr}
    for _, correction in ipairs(CORRECTIONS) do
      code = code:gsub(correction[1], correction[2])
    end
    if not tex:find('\\parallel') then                         -- \|x\|
      code = code:gsub('%f[%a]parallel%f[%A]', 'class("normal", bar.v.double)')
    end
    return code
  end)
end

-- Commands that pandoc drops without a word.
local DROPPED = {'\\color%f[%A]', '\\tag%f[%A]', '\\hline%f[%A]'}

local function formula(el, source)
  local id = el.mathtype == 'DisplayMath' and label(el.text)
  local math = pandoc.Math(el.mathtype, bare_tex(el.text))
  local log, converted = pandoc.log.silence(
    pandoc.write, pandoc.Pandoc{pandoc.Plain{math}}, 'typst')
  local dropped = pandoc.List(DROPPED):find_if(function(command) return el.text:find(command) end)
  if #log > 0 or dropped then
    complain(source, 'cannot convert the formula ' .. el.text:gsub('%s+', ' '))
    return pandoc.Code(el.text)
  end
  if PRINT then
    local code = corrected(math.text, converted:gsub('%s+$', ''))
    if not id then return typst(code) end
    return typst('#[#set math.equation(numbering: "(1)");' .. code .. '<' .. id .. '>]')
  end
  if not id then return math end
  local number = pandoc.Span('(' .. known[id].number .. ')', {class = 'number'})
  return pandoc.Span({math, number}, {id = id, class = 'equation'})
end

---------------------------------------------------------------------------------------------------
-- Read: one fence, some blocks

local function markdown(text)
  return pandoc.read(text, TEXT, OPTIONS).blocks
end

local function inlines(text)
  return pandoc.utils.blocks_to_inlines(markdown(text or ''))
end

-- Bare environments are mathematics; any other TeX is no command to anyone and stays as it is.
local function without_raw(blocks)
  return blocks:walk{
    RawInline = function(el)
      local tex = environment(el.text)
      return tex and pandoc.Math('DisplayMath', tex) or pandoc.Str(el.text)
    end,
    RawBlock = function(el)
      local tex = environment(el.text)
      return pandoc.Para{tex and pandoc.Math('DisplayMath', tex) or pandoc.Str(el.text)}
    end,
  }
end

local function picture(fence)
  local file = fence.attributes[PRINT and 'print' or 'web']
  if not file then
    complain(fence.attributes.source, 'a figure without a picture for this kind of page')
    return pandoc.Str('')
  end
  return pandoc.Image(fence.attributes.alt or '', file)
end

-- pandas writes no alignment: the index to the left, the values to the right.
local function align_columns(tbl)
  tbl.colspecs = tbl.colspecs:map(function(spec, i)
    return {spec[1] == 'AlignDefault' and i > 1 and 'AlignRight' or spec[1], spec[2]}
  end)
  return tbl
end

local readers = {
  text = function(fence) return markdown(fence.text) end,
  html = function(fence)
    local function dropped() return {} end  -- style sheets and the like
    return pandoc.read(fence.text, 'html', OPTIONS).blocks:walk{
      RawBlock = dropped,
      RawInline = dropped,
      Div = function(el) return el.content end,
      Table = align_columns,
    }
  end,
  math = function(fence)
    local tex = fence.text:gsub('^%s*%$+', ''):gsub('%$+%s*$', ''):gsub('\\displaystyle%s*', '')
    return {pandoc.Para{pandoc.Math('DisplayMath', tex)}}
  end,
  figure = function(fence)
    local text = inlines(fence.attributes.caption)
    text:insert(pandoc.Span(pandoc.Inlines(fence.attributes.origin), {class = 'origin'}))
    local caption = {long = {pandoc.Plain(text)}}
    return {pandoc.Figure({pandoc.Plain{picture(fence)}}, caption, {id = fence.identifier})}
  end,
  picture = function(fence)
    return {pandoc.Div({pandoc.Plain{picture(fence)}}, {class = 'picture'})}
  end,
  table = function(fence)
    return markdown(fence.text):walk{Table = function(tbl)
      tbl.caption = {long = {pandoc.Plain(inlines(fence.attributes.caption))}}
      tbl.identifier = fence.identifier
      return tbl
    end}
  end,
  verbatim = function(fence)
    return {pandoc.Div({pandoc.CodeBlock(fence.text)}, {class = 'verbatim'})}
  end,
  code = function(fence) return {pandoc.CodeBlock(fence.text, {class = 'python'})} end,
  part = function(fence)
    local title = fence.text:gsub('^#%s*', '')
    return {pandoc.Div({pandoc.Plain(inlines(title))}, {class = 'part'})}
  end,
  abstract = function(fence)
    return {pandoc.Div(markdown(fence.text), {class = 'abstract-text'})}
  end,
  appendices = function() return {pandoc.Div({}, {class = 'appendices'})} end,
  references = function(fence)
    return {pandoc.Header(1, fence.text, {class = 'unnumbered'}), pandoc.Div({}, {id = 'refs'})}
  end,
}

local function read(doc)
  return doc.blocks:map(function(fence)
    local blocks = pandoc.Blocks(readers[fence.classes[1]](fence))
    return {blocks = without_raw(blocks), source = fence.attributes.source or 'the report'}
  end)
end

---------------------------------------------------------------------------------------------------
-- Number: ids, in reading order

local function register(id, kind, number, source)
  if id == '' then return id end
  if not id:find('^[%w_.:-]+$') then
    complain(source, 'the id ' .. id .. ' has other characters than letters, digits, "-" and "_"')
  elseif known[id] then
    complain(source, 'the id ' .. id .. ' is already taken in ' .. known[id].source)
  else
    known[id] = {kind = kind, number = number, source = source}
    return id
  end
  return ''
end

local function section_counter()
  local counts, appendix = {}, false
  local function next_number(level)
    counts[level] = (counts[level] or 0) + 1
    for deeper = level + 1, 6 do counts[deeper] = 0 end
    local parts = {}
    for i = 1, level do parts[i] = counts[i] or 0 end
    if appendix then parts[1] = string.char(64 + parts[1]) end
    return table.concat(parts, '.')
  end
  local function start_appendices() counts, appendix = {}, true end
  local function word(level)
    return appendix and 'Appendix' or level == 1 and 'Chapter' or WORDS.sec
  end
  return next_number, start_appendices, word
end

local function number(items)
  local figures, tables, equations = 0, 0, 0
  local next_number, start_appendices, section_word = section_counter()

  local function count(source)
    return {
      Div = function(el)
        if el.classes:includes('appendices') then start_appendices() end
      end,
      Header = function(el)
        local word, section = section_word(el.level), nil
        if not el.classes:includes('unnumbered') then
          section = next_number(el.level)
          el.attributes.number = section
        end
        el.identifier = register(el.identifier, word, section, source)
        if el.identifier == '' then
          el.identifier = 'section-' .. (section or 'references'):gsub('%.', '-')
        end
        return el
      end,
      Figure = function(el)
        figures = figures + 1
        el.identifier = register(el.identifier, WORDS.fig, tostring(figures), source)
        el.attributes.number = tostring(figures)
        return el
      end,
      Table = function(el)
        if #el.caption.long == 0 then return nil end
        tables = tables + 1
        el.identifier = register(el.identifier, WORDS.tbl, tostring(tables), source)
        el.attributes.number = tostring(tables)
        return el
      end,
      Math = function(el)
        local id = el.mathtype == 'DisplayMath' and label(el.text)
        if not id then return nil end
        equations = equations + 1
        register(id, WORDS.eq, tostring(equations), source)
      end,
    }
  end

  for _, item in ipairs(items) do
    item.blocks = item.blocks:walk(count(item.source))
  end
end

---------------------------------------------------------------------------------------------------
-- Resolve: references, links, pictures, mathematics

local function is_reference(citation)
  local prefix = citation.id:match('^(%a+)[-:]')
  return known[citation.id] ~= nil or WORDS[prefix] ~= nil
end

local function reference(citation, source)
  local id, target = citation.id, known[citation.id]
  if not target or not target.number then
    complain(source, (target and 'a reference to unnumbered @' or 'unknown reference @') .. id)
    local elsewhere = not target and id:match('^sec%-(.+)')  -- a chapter that is not in this file
    return elsewhere and pandoc.Emph((elsewhere:gsub('%-', ' '))) or pandoc.Str('@' .. id)
  end
  local bare = citation.mode == 'SuppressAuthor'
  if PRINT then
    return typst('#ref(<' .. id .. '>' .. (bare and ', supplement: none' or '') .. ')')
  end
  local text = bare and target.number or target.kind .. ' ' .. target.number
  return pandoc.Link(text, '#' .. id, '', {class = 'reference'})
end

local function references(cite, source)
  local out, citations = pandoc.Inlines{}, pandoc.List{}
  for _, citation in ipairs(cite.citations) do
    if is_reference(citation) then
      if #out > 0 then out:extend{pandoc.Str(','), pandoc.Space()} end
      if #citation.prefix > 0 then out:extend(citation.prefix) out:insert(pandoc.Space()) end
      out:insert(reference(citation, source))
      out:extend(citation.suffix)
    else
      citations:insert(citation)
    end
  end
  if #out == 0 then return nil end
  if #citations > 0 then out:extend{pandoc.Space(), pandoc.Cite({}, citations)} end
  return out
end

-- Only what works away from the notebook's folder stays a link.
local function link(el, source)
  local id = el.target:match('^#(.*)')
  if id and not known[id] then
    complain(source, 'a link to unknown #' .. id)
    return el.content
  end
  local outside = el.target:find('^https?:') or el.target:find('^mailto:')
  if not id and not outside then return el.content end
end

local function resolve(items)
  for _, item in ipairs(items) do
    local source = item.source
    item.blocks = item.blocks:walk{
      Math = function(el) return formula(el, source) end,
      Cite = function(el) return references(el, source) end,
      Link = function(el) return link(el, source) end,
      Image = function(el)
        if files[el.src] then return nil end
        local advice = ' is not in the notebook; attach it to the cell'
        complain(source, 'the picture ' .. el.src .. advice)
        return pandoc.Str('[' .. el.src .. ']')
      end,
    }
  end
end

---------------------------------------------------------------------------------------------------
-- Cite

-- Count the citations that the bibliography has; the others stay as they were written.
local function check_citations(items, meta)
  local blocks, cited = pandoc.Blocks{}, 0
  for _, item in ipairs(items) do blocks:extend(item.blocks) end
  local entries = {}
  for _, entry in ipairs(pandoc.utils.references(pandoc.Pandoc(blocks, meta))) do
    entries[entry.id] = true
  end
  for _, item in ipairs(items) do
    item.blocks = item.blocks:walk{Cite = function(el)
      local unknown = el.citations:filter(function(citation) return not entries[citation.id] end)
      for _, citation in ipairs(unknown) do
        complain(item.source, 'unknown citation @' .. citation.id)
      end
      if #unknown > 0 then return pandoc.Str('@' .. unknown[1].id) end
      cited = cited + 1
    end}
  end
  return cited
end

-- Take the abstract to the title page; a notebook without one keeps it as text.
local function lift_abstract(items, meta)
  if not meta.title then return end
  local lifted = pandoc.Blocks{}
  for _, item in ipairs(items) do
    local div = item.blocks[1]
    if div and div.t == 'Div' and div.classes:includes('abstract-text') then
      lifted:extend(div.content)
      item.blocks = pandoc.Blocks{}
    end
  end
  if #lifted > 0 then meta.abstract = pandoc.MetaBlocks(lifted) end
end

local function cite(items, meta)
  local cited = check_citations(items, meta)
  lift_abstract(items, meta)
  local blocks = pandoc.Blocks{}
  for _, item in ipairs(items) do
    local bibliography = item.blocks[2] and item.blocks[2].identifier == 'refs'
    if cited > 0 or not bibliography then blocks:extend(item.blocks) end
  end
  meta['link-citations'] = true
  local doc = pandoc.Pandoc(blocks, meta)
  if cited == 0 then return doc end
  local _, with_citations = pandoc.log.silence(pandoc.utils.citeproc, doc)
  return with_citations
end

---------------------------------------------------------------------------------------------------
-- Finish

local function enclosed(open, blocks, close)
  local out = pandoc.Blocks{typst_block(open)}
  out:extend(blocks)
  out:insert(typst_block(close))
  return out
end

local KEEPING = '\u{a0}'  -- the space at which no line breaks

-- Put such spaces into [0.1, 0.2], n = 20 and 95 %.
local function keep_together(inlines)
  for i = 2, #inlines - 1 do
    local before, after = inlines[i - 1].text, inlines[i + 1].text
    if inlines[i].t == 'Space' and before and after then
      local interval = before:find('%[%S*,$') and after:find('%]')
      local equation = before == '=' or after == '='
      if interval or equation or after:find('^%%') then inlines[i] = pandoc.Str(KEEPING) end
    end
  end
  return inlines
end

local function let_break(str)
  if str.text == KEEPING then return pandoc.Space() end
end

local LONG_TABLE = 25  -- rows from which a table may break over pages
local LONG_TEXTS = 8  -- the same where its cells wrap
local LONG_CELL = 40  -- characters from which a cell is a text, which may wrap

local LINE = 98  -- characters of a line of a table, at its size of print
local SPACE = 3  -- characters that the space around a cell takes

-- About how many lines a table has: each row as many as its longest cell. The maximum is smooth, or
-- no column would be worth widening in a row where two are equally long.
local function height(lengths, widths)
  local lines = 0
  for _, row in ipairs(lengths) do
    local powers = 0
    for column, length in ipairs(row) do
      powers = powers + math.max(1, length / widths[column]) ^ 8
    end
    lines = lines + powers ^ (1 / 8)
  end
  return lines
end

-- How many characters of a line columns of these widths leave.
local function room(widths)
  local free = LINE
  for _, width in ipairs(widths) do free = free - width - SPACE end
  return free
end

-- How long the cells of a table are, by row and column, its longest words by column (a number with
-- its unit is one), and the length of the longest cell.
local function measured(el)
  local all, lengths, words, longest = pandoc.List{}, {}, {}, 0
  all:extend(el.head.rows)
  for _, body in ipairs(el.bodies) do all:extend(body.body) end
  for number, row in ipairs(all) do
    lengths[number] = {}
    for column, cell in ipairs(row.cells) do
      local text = pandoc.utils.stringify(cell.contents)
      lengths[number][column] = utf8.len(text)
      longest = math.max(longest, utf8.len(text))
      local number = el.colspecs[column][1] == 'AlignRight'
      for word in text:gmatch(number and '.+' or '%S+') do
        words[column] = math.max(words[column] or 1, utf8.len(word))
      end
    end
  end
  return lengths, words, longest
end

-- Make columns as wide as their longest words, then widen, a character at a time, whichever makes
-- the table shortest.
local function share_width(el, lengths, words)
  local free = room(words)
  local widths, now = words, height(lengths, words)
  for _ = 1, free do
    local best, least = nil, now
    for column = 1, #widths do
      widths[column] = widths[column] + 1
      local lines = height(lengths, widths)
      if lines < least then best, least = column, lines end
      widths[column] = widths[column] - 1
    end
    if not best then break end
    widths[best], now = widths[best] + 1, least
  end
  for column, width in ipairs(widths) do
    el.colspecs[column] = {el.colspecs[column][1], (width + SPACE) / LINE}
  end
end

local function typst_image(el)
  local alt = pandoc.utils.stringify(el.caption)
  return 'image(' .. typst_string(el.src) .. ', alt: ' .. typst_string(alt) .. ')'
end

local finish_typst = {
  traverse = 'topdown',
  Figure = function(el)
    local image
    el.content:walk{Image = function(inner) image = typst_image(inner) end}
    local label = el.identifier ~= '' and '<' .. el.identifier .. '>' or ''
    local caption = pandoc.utils.blocks_to_inlines(el.caption.long):walk{
      Span = function(inner)
        if not inner.classes:includes('origin') then return nil end
        return pandoc.Inlines{typst('#hw1-origin[')} .. inner.content .. {typst(']')}
      end,
    }
    return enclosed('#figure(' .. (image or '[]') .. ', caption: [', {pandoc.Plain(caption)},
                    ']) ' .. label), false
  end,
  Image = function(el) return typst('#box(' .. typst_image(el) .. ')') end,
  Table = function(el)
    el.attributes = {}
    local lengths, words, longest = measured(el)
    local wraps = longest >= LONG_CELL
    if wraps and room(words) < 0 then
      el = el:walk{Str = let_break}
      lengths, words = measured(el)
    end
    if wraps and room(words) >= 0 then share_width(el, lengths, words) end
    local rows = #lengths - #el.head.rows
    local breaks = 'breakable: ' .. tostring(rows >= (wraps and LONG_TEXTS or LONG_TABLE))
    local look = wraps and 'hw1-wrapped' or 'hw1-fitted'
    local open = '#[#show figure: set block(' .. breaks .. '); #show table: ' .. look
    return enclosed(open, {el}, ']'), false
  end,
  Div = function(el)
    if el.classes:includes('verbatim') then return enclosed('#hw1-verbatim[', el.content, ']') end
    if el.classes:includes('picture') then return enclosed('#align(center)[', el.content, ']') end
    if el.classes:includes('part') then return enclosed('#hw1-part[', el.content, ']') end
    if el.classes:includes('appendices') then return typst_block('#show: hw1-appendices') end
  end,
  Header = function(el)
    el.attributes = {}
    return el
  end,
}

local function numbered_caption(el, word)
  local label = pandoc.Strong{pandoc.Str(word .. ' ' .. el.attributes.number .. '.')}
  local caption = pandoc.utils.blocks_to_inlines(el.caption.long)
  el.caption.long = {pandoc.Plain(pandoc.Inlines{label, pandoc.Space()} .. caption)}
  el.attributes = {}
  return el
end

local finish_html = {
  Figure = function(el) return numbered_caption(el, WORDS.fig) end,
  Table = function(el)
    if el.attributes.number then el = numbered_caption(el, WORDS.tbl) end
    return pandoc.Div({el}, {class = 'table'})
  end,
  Header = function(el)
    local section = el.attributes.number
    el.attributes = {}
    if section then
      el.content = pandoc.Inlines{pandoc.Span(section, {class = 'number'}), pandoc.Space()}
        .. el.content
    end
    return el
  end,
}

-- The contents of the HTML page: parts, chapters and their sections.
local function contents(blocks)
  local entries = pandoc.Blocks{}
  blocks:walk{
    traverse = 'topdown',
    Block = function(el)
      if el.t == 'Header' and el.level <= 2 then
        local text = el.content:walk{
          Link = function(inner) return inner.content end,
          Note = function() return {} end,
        }
        entries:insert(pandoc.Div({pandoc.Plain{pandoc.Link(text, '#' .. el.identifier)}},
                                  {class = 'level-' .. el.level}))
      elseif el.t == 'Div' and el.classes:includes('part') then
        entries:insert(el)
      end
    end,
  }
  return entries
end

-- What a browser calls the page: its title, or that of a chapter alone.
local function page_title(doc)
  local heading = doc.blocks:find_if(function(block) return block.t == 'Header' end)
  return pandoc.utils.stringify(doc.meta.title or heading and heading.content or 'Notebook')
end

local function finish(doc)
  if PRINT then return doc:walk{Inlines = keep_together}:walk(finish_typst) end
  doc.meta.pagetitle = page_title(doc)
  doc = doc:walk(finish_html)
  if doc.meta.title then
    doc.meta.toc = true
    doc.meta['toc-title'] = pandoc.MetaInlines{pandoc.Str('Contents')}
    doc.meta['table-of-contents'] = pandoc.MetaBlocks(contents(doc.blocks))
  end
  return doc
end

function Pandoc(doc)
  for _, name in ipairs(doc.meta.pictures or {}) do files[pandoc.utils.stringify(name)] = true end
  doc.meta.pictures = nil
  local items = read(doc)
  number(items)
  resolve(items)
  return finish(cite(items, doc.meta))
end
